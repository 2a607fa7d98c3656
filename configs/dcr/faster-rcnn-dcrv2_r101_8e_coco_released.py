# For the authors' released weights, which they report with 33.6 box AP on val.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc_released.py',
    '../_base_/datasets/coco_detection_1000.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/region_r101_released.py',
]

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

# For the authors' released weights, which they report with 40.3 box AP on val.
_base_ = [
    './faster-rcnn_r101_fpn_7e_coco_released.py',
    '../_base_/refiners/region_r101_released.py',
]

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

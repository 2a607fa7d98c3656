# For the authors' released weights, which they report with 37.5 box AP on val.
_base_ = [
    './faster-rcnn_r101-dcn_8e_coco_released.py',
    '../_base_/refiners/region_r101_released.py',
]

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

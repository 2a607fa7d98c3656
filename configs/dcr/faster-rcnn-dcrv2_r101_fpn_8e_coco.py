# Table 6, row "FPN-DCR V2" (40.3).
_base_ = [
    '../baselines/faster-rcnn_r101_fpn_8e_coco.py',
    '../_base_/refiners/region_r101.py',
]

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

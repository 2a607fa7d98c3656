# Table 6, row "Faster-DCR V2" (33.6).
_base_ = [
    '../baselines/faster-rcnn_r101_8e_coco.py',
    '../_base_/refiners/region_r101.py',
]

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

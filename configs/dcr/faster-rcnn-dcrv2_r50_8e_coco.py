# Table 3, row "DCR V2" (31.4).
_base_ = ['./faster-rcnn_r50_8e_coco.py', '../_base_/refiners/region_r50.py']

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

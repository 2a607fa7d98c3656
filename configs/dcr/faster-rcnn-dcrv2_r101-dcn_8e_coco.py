# Table 6, row "DCN-DCR V2" (37.5).
_base_ = ['./faster-rcnn_r101-dcn_8e_coco.py', '../_base_/refiners/region_r101.py']

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

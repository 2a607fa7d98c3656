# Table 6, row "FPN-DCN-DCR V2" (42.8).
_base_ = ['./faster-rcnn_r101-dcn_fpn_7e_coco.py', '../_base_/refiners/region_r101.py']

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

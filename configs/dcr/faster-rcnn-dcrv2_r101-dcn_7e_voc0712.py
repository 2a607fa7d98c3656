# Table 4, row "DCN-DCR V2" (84.2).
_base_ = ['./faster-rcnn_r101-dcn_7e_voc0712.py', '../_base_/refiners/region_r101.py']

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

# Table 4, row "Faster-DCR V2" (83.0); also Table 2a "Stage 1", 2b "Stage 0" and 2c "100%".
_base_ = ['./faster-rcnn_r101_7e_voc0712.py', '../_base_/refiners/region_r101.py']

model = dict(type='SharedBaseDCR', refiner={{_base_.refiner}})

# Table 1a, row "FP+BG" (80.3).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(refiner=dict(sampler=dict(type='HardFalsePositiveSampler', mode='fp_bg')))

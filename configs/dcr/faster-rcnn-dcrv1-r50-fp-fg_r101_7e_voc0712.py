# Table 1a, row "FP+FG" (81.6).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(refiner=dict(sampler=dict(type='HardFalsePositiveSampler', mode='fp_fg')))

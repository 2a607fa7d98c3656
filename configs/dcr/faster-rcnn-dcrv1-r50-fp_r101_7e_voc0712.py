# Table 1a, row "FP Only" (81.4).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(refiner=dict(sampler=dict(type='HardFalsePositiveSampler', mode='fp')))

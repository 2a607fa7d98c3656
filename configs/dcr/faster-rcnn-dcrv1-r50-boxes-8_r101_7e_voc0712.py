# Table 1c, row "8 Boxes" (82.0).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(refiner=dict(sampler=dict(type='HardFalsePositiveSampler', num=8)))

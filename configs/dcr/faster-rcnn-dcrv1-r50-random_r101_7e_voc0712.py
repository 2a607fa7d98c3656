# Table 1a, row "Random" (81.8).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(refiner=dict(sampler=dict(type='HardFalsePositiveSampler', mode='random')))

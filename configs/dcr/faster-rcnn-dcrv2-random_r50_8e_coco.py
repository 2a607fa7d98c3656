# Table 3a, row "Random" (31.3).
_base_ = './faster-rcnn-dcrv2_r50_8e_coco.py'

model = dict(refiner=dict(sampler=dict(type='HardFalsePositiveSampler', mode='random')))

# Table 3a, row "RCNN-like" (31.5): 64 boxes of each image, a quarter foreground.
_base_ = './faster-rcnn-dcrv2_r50_8e_coco.py'

model = dict(
    refiner=dict(sampler=dict(type='HardFalsePositiveSampler', num=64, mode='rcnn'))
)

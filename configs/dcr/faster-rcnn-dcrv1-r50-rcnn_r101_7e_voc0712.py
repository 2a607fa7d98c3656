# Table 1a, row "RCNN-like" (81.7): 64 boxes of each image, a quarter foreground (sec. 5.2.1).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(
    refiner=dict(sampler=dict(type='HardFalsePositiveSampler', num=64, mode='rcnn'))
)

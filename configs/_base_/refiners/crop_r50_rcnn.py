# An R-CNN with ResNet-50 (Table 3b): 64 boxes of each image, a quarter foreground (sec. 5.2.1).
_base_ = './crop_r50.py'

refiner = dict(sampler=dict(type='HardFalsePositiveSampler', num=64, mode='rcnn'))

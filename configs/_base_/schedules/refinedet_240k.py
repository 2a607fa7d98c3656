# Sec. 5.2: 160k, 40k and 40k iterations.
_base_ = './refinedet_120k.py'

max_iters = 240000
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[160000, 200000], gamma=0.1)
]

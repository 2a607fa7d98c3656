# Sec. 5.3: 280k, 80k and 40k iterations.
_base_ = './refinedet_120k.py'

max_iters = 400000
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[280000, 360000], gamma=0.1)
]

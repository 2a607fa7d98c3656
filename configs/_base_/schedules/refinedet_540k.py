# Sec. 5.3, footnote 7: 400k, 80k and 60k iterations of 20 images.
_base_ = './refinedet_120k.py'

max_iters = 540000
train_cfg = dict(max_iters=max_iters)
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[400000, 480000], gamma=0.1)
]
auto_scale_lr = dict(base_batch_size=20)

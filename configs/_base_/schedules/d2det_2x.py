_base_ = 'mmdet::_base_/schedules/schedule_2x.py'

# As released: gradients of a norm up to 35, drops after epochs 20 and 23, 1000
# iterations of warm-up from 1/80.
optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))
warm_up = dict(type='LinearLR', start_factor=1 / 80, by_epoch=False, begin=0, end=1000)
param_scheduler = [
    warm_up,
    dict(type='MultiStepLR', begin=0, end=24, milestones=[20, 23], gamma=0.1),
]

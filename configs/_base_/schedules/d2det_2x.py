_base_ = 'mmdet::_base_/schedules/schedule_2x.py'

# As released: drops after epochs 20 and 23, 1000 iterations of warm-up from 1/80.
param_scheduler = [
    dict(type='LinearLR', start_factor=1 / 80, by_epoch=False, begin=0, end=1000),
    dict(type='MultiStepLR', begin=0, end=24, milestones=[20, 23], gamma=0.1),
]

# FPN on COCO as the authors' code trains it: 7 epochs, drops after 4 and 6; the paper (sec. 5.5) has 8.
_base_ = 'mmdet::_base_/schedules/schedule_1x.py'

train_cfg = dict(max_epochs=7)
param_scheduler = [
    # Warm-up as in mmdet's schedules; the paper tells of none.
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', end=7, milestones=[4, 6], gamma=0.1),
]
# As released: 0.000625 per image.
optim_wrapper = dict(optimizer=dict(lr=0.000625 * 16, weight_decay=0.0001))

# FPN on COCO as the authors' code trains it: 7 epochs, drops after 4 and 6; the paper (sec. 5.5) has 8.
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=7, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

param_scheduler = [
    # Warm-up as in mmdet's schedules; the paper tells of none.
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', end=7, milestones=[4, 6], gamma=0.1),
]
# 0.0005 per image.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.0005 * 16, momentum=0.9, weight_decay=0.0005),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)

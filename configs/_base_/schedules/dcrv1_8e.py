# DCR V1 (sec. 5.1.1): 8 epochs on COCO, drop after 5.33 (sec. 5.5).
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=8, val_interval=1)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

param_scheduler = [
    # Warm-up as in mmdet's schedules; the paper tells of none.
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    # A tenth from the middle of an epoch on, which MultiStepLR cannot do.
    dict(
        type='ConstantLR',
        factor=0.1,
        begin=5.33,
        end=1000,
        by_epoch=True,
        convert_to_iter_based=True,
    ),
]
# 0.0001 per image.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.0001 * 16, momentum=0.9, weight_decay=0.0001),
    # The new layer learns ten times as fast (sec. 4.5.1).
    paramwise_cfg=dict(custom_keys={'refiner.fc_cls': dict(lr_mult=10)}),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)

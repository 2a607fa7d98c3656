# Sec. 5.1: 1e-3 for 80k iterations of 32 images, 1e-4 and 1e-5 for 20k each.
max_iters = 120000
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=10000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[80000, 100000], gamma=0.1)
]
# Sec. 4, optimization.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=1e-3, momentum=0.9, weight_decay=5e-4),
    # Biases as released: twice as fast, without decay.
    paramwise_cfg=dict(bias_lr_mult=2.0, bias_decay_mult=0.0),
)
# Of 4 GPUs with 8 images each: `--auto-scale-lr` for any other number.
auto_scale_lr = dict(enable=False, base_batch_size=32)

# 16 epochs over the 400 shapes images, from scratch. A config that takes another number
# of epochs sets `train_cfg.max_epochs` and `param_scheduler = {{_base_.cosine.epochs_32}}`.
max_epochs = 16
train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=max_epochs, val_interval=4)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

cosine = {
    f'epochs_{epochs}': [
        dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
        dict(
            type='CosineAnnealingLR',
            by_epoch=True,
            convert_to_iter_based=True,
            begin=0,
            end=epochs,
            T_max=epochs,
            eta_min_ratio=0.01,
        ),
    ]
    for epochs in (6, 8, 16, 26, 32)
}
param_scheduler = cosine[f'epochs_{max_epochs}']
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='AdamW', lr=0.002, weight_decay=0.05, fused=True),
    clip_grad=dict(max_norm=35, norm_type=2),
)
auto_scale_lr = dict(enable=False, base_batch_size=8)

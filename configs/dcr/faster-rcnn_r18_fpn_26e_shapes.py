# The baseline of the DCR configs for the training time that they take.
_base_ = '../d2det/faster-rcnn_r18_fpn_1x_shapes.py'

max_epochs = 26
train_cfg = dict(max_epochs=max_epochs)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.01, by_epoch=False, begin=0, end=100),
    dict(
        type='CosineAnnealingLR',
        convert_to_iter_based=True,
        end=max_epochs,
        T_max=max_epochs,
        eta_min_ratio=0.01,
    ),
]

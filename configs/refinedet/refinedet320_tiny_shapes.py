# RefineDet of 1.2 M parameters, shipped with its weights: narrower than
# refinedet320_r18_1x_shapes.py, and trained twice as long.
_base_ = [
    '../_base_/models/refinedet_r18_shapes.py',
    '../_base_/shapes_detection_320_1x.py',
]

width = 48
in_channels = [32, 64, 128, 128]
model = dict(
    backbone=dict(base_channels=16, extra_channels=32),
    neck=dict(in_channels=in_channels, out_channels=width),
    arm_head=dict(in_channels=in_channels),
    bbox_head=dict(in_channels=[width] * 4),
)
train_cfg = dict(max_epochs=32)
param_scheduler = {{_base_.cosine.epochs_32}}

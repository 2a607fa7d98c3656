# RefineDet of 1.2 M parameters, shipped with its weights: narrower than
# refinedet320_r18_1x_shapes.py, and trained twice as long.
_base_ = [
    '../_base_/models/refinedet_r18_shapes.py',
    '../_base_/datasets/shapes_320.py',
    '../_base_/schedules/shapes_2x.py',
    '../_base_/shapes_runtime.py',
]

width = 48
in_channels = [32, 64, 128, 128]
model = dict(
    backbone=dict(base_channels=16, extra_channels=32),
    neck=dict(in_channels=in_channels, out_channels=width),
    arm_head=dict(in_channels=in_channels),
    bbox_head=dict(in_channels=[width] * 4),
)

# RefineDet of 1.2 M parameters, small enough to be shipped.
_base_ = './refinedet320_r18_1x_shapes.py'

width = 48
in_channels = [32, 64, 128, 128]
model = dict(
    backbone=dict(base_channels=16, extra_channels=32),
    neck=dict(in_channels=in_channels, out_channels=width),
    arm_head=dict(in_channels=in_channels),
    bbox_head=dict(in_channels=[width] * 4),
)

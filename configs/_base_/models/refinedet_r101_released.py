# RefineDet with ResNet-101 as the authors' Caffe models compute it.
_base_ = './refinedet_r101.py'

model = dict(
    # Without scaling, with Caffe's means.
    data_preprocessor=dict(mean=[123, 117, 104], std=[1, 1, 1]),
    backbone=dict(style='caffe', padded_max_pool=False, init_cfg=None),
    # A residual block before the predictors of each level.
    arm_head=dict(residual_channels=1024),
    bbox_head=dict(residual_channels=1024),
    # No limit before the NMS of a class that would bind, 500 boxes.
    test_cfg=dict(nms_pre=20000, max_per_img=500),
)

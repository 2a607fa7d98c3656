# RefineDet with ResNet-101 as the authors' Caffe models compute it.
_base_ = './refinedet_vgg16.py'

in_channels = [512, 1024, 2048, 512]
model = dict(
    # Without scaling, with Caffe's means.
    data_preprocessor=dict(mean=[123, 117, 104]),
    backbone=dict(
        _delete_=True,
        type='RefineDetResNet',
        depth=101,
        style='caffe',
        padded_max_pool=False,
    ),
    neck=dict(in_channels=in_channels, norm_cfg=dict(type='BN')),
    # A residual block before the predictors of each level.
    arm_head=dict(in_channels=in_channels, residual_channels=1024),
    bbox_head=dict(num_classes=80, residual_channels=1024),
    # No limit before the NMS of a class that would bind, 500 boxes; on COCO soft-NMS
    # follows.
    test_cfg=dict(
        nms_pre=20000,
        max_per_img=500,
        final_nms=dict(type='soft_nms', iou_threshold=0.3),
    ),
)

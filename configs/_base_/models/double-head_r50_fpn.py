# Plain Double-Head R-CNN (arXiv 1904.06493) as in MMDetection's own config, with its
# classes: four bottlenecks and no non-local block, weights of 2 for both tasks.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(
        type='DoubleHeadRoIHead',
        reg_roi_scale_factor=1.3,
        bbox_roi_extractor=dict(roi_layer=dict(type='FastRoIAlign')),
        bbox_head=dict(
            _delete_=True,
            type='DoubleConvFCBBoxHead',
            num_convs=4,
            num_fcs=2,
            in_channels=256,
            conv_out_channels=1024,
            fc_out_channels=1024,
            num_classes=80,
            # MMDetection's, which stays finite for objects without extent.
            bbox_coder=dict(
                type='ClampedDeltaXYWHBBoxCoder', target_stds=(0.1, 0.1, 0.2, 0.2)
            ),
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=2.0),
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=2.0),
        ),
    ),
)

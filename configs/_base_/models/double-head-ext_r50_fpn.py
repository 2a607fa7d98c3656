# Double-Head-Ext R-CNN (arXiv 1904.06493), sec. 4, on MMDetection's Faster R-CNN.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(
        type='DoubleHeadExtRoIHead',
        # As in MMDetection's Double-Head.
        reg_roi_scale_factor=1.3,
        bbox_roi_extractor=dict(roi_layer=dict(type='FastRoIAlign')),
        bbox_head=dict(
            _delete_=True,
            type='DoubleHeadExtBBoxHead',
            in_channels=256,
            num_classes=80,
            # Sec. 4.1: two fc layers of 1024; three residual blocks of 1024 channels,
            # two non-local blocks between them.
            num_fcs=2,
            fc_out_channels=1024,
            num_blocks=3,
            with_non_local=True,
            conv_out_channels=1024,
            # Sec. 4.3: the best weights of the tasks, and complementary fusion (Eq. 4).
            lambda_fc=0.7,
            lambda_conv=0.8,
            fusion='complementary',
            # Eq. 1: omega of the two heads.
            fc_loss_weight=2.0,
            conv_loss_weight=2.5,
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0),
            # Smooth L1 as in MMDetection's Double-Head.
            loss_bbox=dict(type='SmoothL1Loss', beta=1.0, loss_weight=1.0),
        ),
    ),
)

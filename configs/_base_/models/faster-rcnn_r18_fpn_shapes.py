# A small Faster R-CNN that trains from scratch on the shapes data in minutes without a
# GPU: mmdet's model with narrow layers, batch norm that learns, and small anchors.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

width = 48
num_classes = 7
# RoIs above 56 px go to the second level: images have a third of the size of COCO's.
finest_scale = 28
# For the branches of other detectors that read larger regions.
roi_extractor_14 = dict(
    type='SingleRoIExtractor',
    roi_layer=dict(type='FastRoIAlign', output_size=14, sampling_ratio=2),
    out_channels=width,
    featmap_strides=[4, 8, 16, 32],
    finest_scale=finest_scale,
)
model = dict(
    backbone=dict(
        depth=18,
        base_channels=24,
        frozen_stages=-1,
        norm_eval=False,
        init_cfg=None,
    ),
    neck=dict(
        in_channels=[24, 48, 96, 192], out_channels=width, norm_cfg=dict(type='BN')
    ),
    rpn_head=dict(
        in_channels=width,
        feat_channels=width,
        # Objects start at 12 px.
        anchor_generator=dict(scales=[4]),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            out_channels=width,
            roi_layer=dict(type='FastRoIAlign', sampling_ratio=2),
            finest_scale=finest_scale,
        ),
        # A convolution with batch norm before the fc layer learns faster from scratch.
        bbox_head=dict(
            type='ConvFCBBoxHead',
            num_shared_convs=2,
            num_shared_fcs=1,
            in_channels=width,
            conv_out_channels=64,
            fc_out_channels=256,
            norm_cfg=dict(type='BN'),
            num_classes=num_classes,
        ),
    ),
    train_cfg=dict(
        rpn_proposal=dict(nms_pre=300, max_per_img=100),
        rcnn=dict(sampler=dict(num=48)),
    ),
    test_cfg=dict(rpn=dict(nms_pre=300, max_per_img=100)),
)

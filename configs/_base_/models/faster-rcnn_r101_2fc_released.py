# The "Faster (2fc)" of DCR as the authors' MXNet models compute it.
_base_ = './faster-rcnn_r101_2fc.py'

model = dict(
    # RGB without scaling.
    data_preprocessor=dict(
        mean=[123.15, 115.90, 103.06], std=[1.0, 1.0, 1.0], bgr_to_rgb=True
    ),
    # The last stage is dilated and keeps the stride of 16.
    backbone=dict(
        type='CaffeResNet',
        style='caffe',
        strides=(1, 2, 2, 1),
        dilations=(1, 1, 1, 2),
        init_cfg=None,
    ),
    neck=dict(kernel_size=1),
    # Anchors with rounded sides, boxes with one pixel more in width and height.
    rpn_head=dict(
        anchor_generator=dict(type='DetectronAnchorGenerator', scales=[4, 8, 16, 32]),
        bbox_coder=dict(type='PixelDeltaXYWHBBoxCoder'),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            type='LegacyRoIExtractor',
            roi_layer=dict(_delete_=True, type='RoIMaxPool', output_size=7),
            featmap_strides=[16],
        ),
        bbox_head=dict(
            reg_class_agnostic=True, bbox_coder=dict(type='PixelDeltaXYWHBBoxCoder')
        ),
    ),
    test_cfg=dict(rcnn=dict(nms=dict(iou_threshold=0.3))),
)

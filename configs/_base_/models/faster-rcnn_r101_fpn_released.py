# The FPN of DCR as the authors' MXNet models compute it.
_base_ = './faster-rcnn_r101_fpn_ohem.py'

model = dict(
    # RGB without scaling.
    data_preprocessor=dict(
        mean=[123.15, 115.90, 103.06], std=[1.0, 1.0, 1.0], bgr_to_rgb=True
    ),
    backbone=dict(type='CaffeResNet', style='caffe', init_cfg=None),
    # P6 is a convolution of stride 2 on C5.
    neck=dict(add_extra_convs='on_input'),
    # Anchors with rounded sides, boxes with one pixel more in width and height.
    rpn_head=dict(
        feat_channels=512,
        anchor_generator=dict(type='DetectronAnchorGenerator'),
        bbox_coder=dict(type='PixelDeltaXYWHBBoxCoder'),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            type='LegacyRoIExtractor',
            roi_layer=dict(_delete_=True, type='RoIMaxPool', output_size=7),
        ),
        bbox_head=dict(
            reg_class_agnostic=True, bbox_coder=dict(type='PixelDeltaXYWHBBoxCoder')
        ),
    ),
)

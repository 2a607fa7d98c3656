# For weights trained with maskrcnn-benchmark, converted by
# tools/model_converters/convert_weights.py: its images, backbone, anchors and RoIs. Those
# of the conv-head stay enlarged as in MMDetection's Double-Head; for a fork that leaves
# them, set model.roi_head.reg_roi_scale_factor=1.
_base_ = './double-head_r50_fpn_1x_coco.py'

model = dict(
    # BGR without scaling, with Detectron's means.
    data_preprocessor=dict(
        mean=[102.9801, 115.9465, 122.7717], std=[1.0, 1.0, 1.0], bgr_to_rgb=False
    ),
    # The stride of a bottleneck is in its first convolution.
    backbone=dict(style='caffe', norm_cfg=dict(requires_grad=False), init_cfg=None),
    # Anchors with rounded sides, boxes with one pixel more in width and height.
    rpn_head=dict(
        anchor_generator=dict(type='DetectronAnchorGenerator'),
        bbox_coder=dict(type='LegacyDeltaXYWHBBoxCoder'),
    ),
    roi_head=dict(
        # RoIAlign without the shift of half a pixel, two samples in a bin.
        bbox_roi_extractor=dict(roi_layer=dict(aligned=False, sampling_ratio=2)),
        bbox_head=dict(
            bbox_coder=dict(
                type='LegacyDeltaXYWHBBoxCoder',
                target_means=[0.0, 0.0, 0.0, 0.0],
                target_stds=[0.1, 0.1, 0.2, 0.2],
            ),
        ),
    ),
)

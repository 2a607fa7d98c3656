# For weights trained with maskrcnn-benchmark, converted by
# tools/model_converters/convert_weights.py: its images, backbone, anchors and RoIs. Those
# of the conv-head stay enlarged as in MMDetection's Double-Head; for a fork that leaves
# them, set model.roi_head.reg_roi_scale_factor=1.
_base_ = '../baselines/double-head_r50_fpn_1x_coco.py'

# BGR without scaling, with Detectron's means; the stride of a bottleneck is in its first
# convolution; anchors with rounded sides, boxes with one pixel more in width and height;
# RoIAlign without the shift of half a pixel, two samples in a bin.
means = [102.9801, 115.9465, 122.7717]
coder = dict(type='LegacyDeltaXYWHBBoxCoder')
box_coder = dict(coder, target_means=[0.0] * 4, target_stds=[0.1, 0.1, 0.2, 0.2])
align = dict(aligned=False, sampling_ratio=2)
model = dict(
    data_preprocessor=dict(mean=means, std=[1.0, 1.0, 1.0], bgr_to_rgb=False),
    backbone=dict(style='caffe', norm_cfg=dict(requires_grad=False), init_cfg=None),
    rpn_head=dict(
        anchor_generator=dict(type='DetectronAnchorGenerator'), bbox_coder=coder
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=align), bbox_head=dict(bbox_coder=box_coder)
    ),
)

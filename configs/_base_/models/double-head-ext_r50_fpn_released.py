# Double-Head-Ext as the authors' release on maskrcnn-benchmark computes it.
_base_ = './double-head-ext_r50_fpn.py'

model = dict(
    # BGR without scaling, with Detectron's means.
    data_preprocessor=dict(
        mean=[102.9801, 115.9465, 122.7717], std=[1.0, 1.0, 1.0], bgr_to_rgb=False
    ),
    # The stride of a bottleneck is in its first convolution; norms hardly an epsilon.
    backbone=dict(
        style='caffe', norm_cfg=dict(requires_grad=False, eps=1e-12), init_cfg=None
    ),
    # Anchors with rounded sides, boxes with one pixel more in width and height.
    rpn_head=dict(
        anchor_generator=dict(type='DetectronAnchorGenerator'),
        bbox_coder=dict(type='PixelDeltaXYWHBBoxCoder'),
    ),
    roi_head=dict(
        # RoIAlign without the shift of half a pixel, two samples in a bin.
        bbox_roi_extractor=dict(
            type='LegacyRoIExtractor', roi_layer=dict(aligned=False, sampling_ratio=2)
        ),
        bbox_head=dict(
            non_local_groups=4,
            bbox_coder=dict(
                type='PixelDeltaXYWHBBoxCoder',
                target_means=[0.0, 0.0, 0.0, 0.0],
                target_stds=[0.1, 0.1, 0.2, 0.2],
            ),
        ),
    ),
)

# CPM R-CNN as the authors' release computes it.
_base_ = './cpm-rcnn_r50_fpn.py'

rois = dict(type='LegacyRoIExtractor', roi_layer=dict(aligned=False))
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
        bbox_coder=dict(type='PixelDeltaXYWHBBoxCoder'),
    ),
    roi_head=dict(
        # RoIAlign without the shift of half a pixel.
        bbox_roi_extractor=rois,
        grid_roi_extractor=rois,
        grid_head=dict(conv_bias=True),
        clip_between_stages=False,
        iou_head=dict(max_iou=None),
    ),
    # Trains the RSM on the boxes that the last stage reads.
    train_cfg=dict(rcnn=dict(rsm_boxes='input')),
    # No limit on the number of boxes.
    test_cfg=dict(rcnn=dict(max_per_img=-1)),
)

# The baseline of d2det-mask_r18_fpn_1x_shapes.py: same backbone, data and budget.
_base_ = [
    '../_base_/models/faster-rcnn_r18_fpn_shapes.py',
    '../_base_/datasets/shapes_instance.py',
    '../_base_/schedules/shapes_1x.py',
    '../_base_/shapes_runtime.py',
]

mask_head = dict(
    type='FCNMaskHead',
    num_convs=4,
    in_channels={{_base_.width}},
    conv_out_channels=72,
    norm_cfg=dict(type='GN', num_groups=12),
    num_classes={{_base_.num_classes}},
)
model = dict(
    type='MaskRCNN',
    roi_head=dict(mask_roi_extractor={{_base_.roi_extractor_14}}, mask_head=mask_head),
    train_cfg=dict(rcnn=dict(mask_size=28)),
    test_cfg=dict(rcnn=dict(mask_thr_binary=0.5)),
)

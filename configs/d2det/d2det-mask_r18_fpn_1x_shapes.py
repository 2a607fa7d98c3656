# A small D2Det with masks for the shapes data, trained from scratch.
_base_ = [
    '../_base_/models/d2det_r18_fpn_shapes.py',
    '../_base_/datasets/shapes_instance.py',
    '../_base_/schedules/shapes_1x.py',
    '../_base_/shapes_runtime.py',
]

model = dict(
    roi_head=dict(
        mask_roi_extractor=None,
        mask_head=dict(
            type='D2DetMaskHead',
            in_channels=72,
            conv_out_channels=64,
            fc_out_channels=256,
            num_classes={{_base_.num_classes}},
        ),
    ),
    test_cfg=dict(rcnn=dict(mask_thr_binary=0.5)),
)

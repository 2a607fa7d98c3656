# The last column of Table 3 on the shapes data: no transfer connection either.
_base_ = [
    '../_base_/models/refinedet_r18_shapes.py',
    '../_base_/shapes_detection_320_1x.py',
]

model = dict(
    _delete_=True,
    type='SingleStageDetector',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone={{_base_.model.backbone}},
    bbox_head=dict(
        type='ObjectDetectionHead',
        num_classes={{_base_.num_classes}},
        in_channels={{_base_.model.arm_head.in_channels}},
        anchor_generator={{_base_.anchor_generator}},
    ),
    train_cfg={{_base_.model.train_cfg}},
    test_cfg={{_base_.model.test_cfg}},
)

# Table 3, last column (76.2): no transfer connection, classes on the backbone's features.
_base_ = './refinedet320_vgg16_120k_voc0712.py'

model = dict(
    _delete_=True,
    type='SingleStageDetector',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone={{_base_.model.backbone}},
    bbox_head=dict(
        type='ObjectDetectionHead',
        num_classes={{_base_.num_classes}},
        in_channels={{_base_.model.arm_head.in_channels}},
    ),
    train_cfg={{_base_.model.train_cfg}},
    test_cfg={{_base_.model.test_cfg}},
)

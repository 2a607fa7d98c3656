# A small RefineDet that trains from scratch on the shapes data in minutes without a GPU:
# narrow layers, batch norm that learns, and anchors for small objects.
num_classes = 7
width = 64
in_channels = [48, 96, 192, 192]
# Objects are 10 to 240 px long in inputs of 320 px; half of them are below 46.
anchor_generator = dict(
    type='AnchorGenerator',
    strides=[8, 16, 32, 64],
    ratios=[0.5, 1.0, 2.0],
    scales=[3],
    center_offset=0.5,
)
model = dict(
    type='RefineDet',
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
        pad_size_divisor=64,
    ),
    backbone=dict(
        type='RefineDetResNet',
        depth=18,
        base_channels=24,
        extra_channels=48,
        norm_eval=False,
    ),
    neck=dict(
        type='TransferConnection',
        in_channels=in_channels,
        out_channels=width,
        norm_cfg=dict(type='BN'),
    ),
    arm_head=dict(
        type='AnchorRefinementHead',
        in_channels=in_channels,
        anchor_generator=anchor_generator,
    ),
    bbox_head=dict(
        type='ObjectDetectionHead',
        num_classes=num_classes,
        in_channels=[width] * 4,
        anchor_generator=anchor_generator,
    ),
    train_cfg=dict(
        assigner=dict(
            type='MaxIoUAssigner',
            pos_iou_thr=0.5,
            neg_iou_thr=0.5,
            min_pos_iou=1e-6,
            gt_max_assign_all=False,
        ),
        neg_pos_ratio=3,
    ),
    test_cfg=dict(
        score_thr=0.01,
        nms_pre=400,
        nms=dict(type='nms', iou_threshold=0.45),
        max_per_img=200,
        min_bbox_size=0,
    ),
)

# RefineDet (1711.06897) with VGG-16, for inputs of any size.
num_classes = 20
model = dict(
    type='RefineDet',
    # As MMDetection's SSD: these VGG weights were trained without scaling.
    data_preprocessor=dict(
        type='DetDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[1, 1, 1],
        bgr_to_rgb=True,
        # The largest stride, so that each level is half as large as the last.
        pad_size_divisor=64,
    ),
    backbone=dict(
        type='RefineDetVGG',
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.openmmlab.com/pretrain/third_party/vgg16_caffe-292e1171.pth',
        ),
    ),
    neck=dict(type='TransferConnection', in_channels=[512, 512, 1024, 512]),
    arm_head=dict(
        type='AnchorRefinementHead',
        in_channels=[512, 512, 1024, 512],
        # Sec. 3: theta.
        negative_threshold=0.99,
    ),
    bbox_head=dict(type='ObjectDetectionHead', num_classes=num_classes),
    train_cfg=dict(
        # Sec. 4: the best anchor of each object, and all with an overlap above 0.5.
        # An object that no refined anchor touches has no best one.
        assigner=dict(
            type='MaxIoUAssigner',
            pos_iou_thr=0.5,
            neg_iou_thr=0.5,
            min_pos_iou=1e-6,
            gt_max_assign_all=False,
        ),
        neg_pos_ratio=3,
    ),
    # Sec. 4, inference; the least score as released.
    test_cfg=dict(
        score_thr=0.01,
        nms_pre=400,
        nms=dict(type='nms', iou_threshold=0.45),
        max_per_img=200,
        # Nothing of a box is left if it lies in the padding of a batch.
        min_bbox_size=0,
    ),
)

# SSD (1512.02325) with the backbone and the strides of the small RefineDet.
_base_ = './refinedet_r18_shapes.py'

model = dict(
    _delete_=True,
    type='SingleStageDetector',
    data_preprocessor={{_base_.model.data_preprocessor}},
    backbone={{_base_.model.backbone}},
    bbox_head=dict(
        type='SSDBaselineHead',
        in_channels={{_base_.in_channels}},
        num_classes={{_base_.num_classes}},
        # SSD's rule: two square anchors per cell and two or four others. The sizes
        # cover those of the objects, 10 to 240 px.
        anchor_generator=dict(
            type='SSDAnchorGenerator',
            scale_major=False,
            input_size=320,
            strides=[8, 16, 32, 64],
            min_sizes=[20, 48, 96, 168],
            max_sizes=[48, 96, 168, 260],
            ratios=[[2], [2, 3], [2, 3], [2]],
        ),
        bbox_coder=dict(type='DeltaXYWHBBoxCoder', target_stds=[0.1, 0.1, 0.2, 0.2]),
    ),
    train_cfg=dict(
        assigner=dict(
            type='MaxIoUAssigner',
            pos_iou_thr=0.5,
            neg_iou_thr=0.5,
            min_pos_iou=0.0,
            gt_max_assign_all=False,
        ),
        sampler=dict(type='PseudoSampler'),
        smoothl1_beta=1.0,
        allowed_border=-1,
        pos_weight=-1,
        neg_pos_ratio=3,
    ),
    test_cfg=dict(
        nms_pre=1000,
        nms=dict(type='nms', iou_threshold=0.45),
        min_bbox_size=0,
        score_thr=0.02,
        max_per_img=200,
    ),
)

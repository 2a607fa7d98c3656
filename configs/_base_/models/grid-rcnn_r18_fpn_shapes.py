# MMDetection's Grid R-CNN, as small as cpm-rcnn_r18_fpn_shapes.py.
_base_ = './faster-rcnn_r18_fpn_shapes.py'

width = {{_base_.width}}
model = dict(
    type='GridRCNN',
    roi_head=dict(
        type='GridBaselineRoIHead',
        bbox_head=dict(with_reg=False),
        grid_roi_extractor={{_base_.roi_extractor_14}},
        grid_head=dict(
            type='GridHead',
            grid_points=9,
            in_channels=width,
            num_convs=4,
            point_feat_channels=8,
            norm_cfg=dict(type='GN', num_groups=12),
            loss_grid=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=15),
        ),
    ),
    # `max_num_grid` is of a batch: 12 of each of 8 images.
    train_cfg=dict(rcnn=dict(pos_radius=1, max_num_grid=96)),
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.03,
            nms=dict(type='nms', iou_threshold=0.3),
            max_per_img=96,
        )
    ),
)

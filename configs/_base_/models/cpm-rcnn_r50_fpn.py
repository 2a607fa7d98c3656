# CPM R-CNN (arXiv 2003.03570) with all modules and three stages.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(
        type='CPMRoIHead',
        # Sec. 3.4: RoI features of 7 x 7 for the classes, 14 x 14 for the grid.
        bbox_roi_extractor=dict(
            roi_layer=dict(type='FastRoIAlign', output_size=7, sampling_ratio=2)
        ),
        bbox_head=dict(with_reg=False),
        grid_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='FastRoIAlign', output_size=14, sampling_ratio=2),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
        ),
        # Nine points of 64 channels, eight convolutions, loss weight 15 as released.
        grid_head=dict(
            type='PointGridHead',
            in_channels=256,
            num_convs=8,
            point_channels=64,
            norm_cfg=dict(type='GN', num_groups=36),
            loss_grid=dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=15.0),
        ),
        num_stages=3,  # Table 2
        mapping_ratios=(2.0, 1.5, 1.25),  # Table 4
        stage_loss_weights=(1.0, 0.5, 0.25),  # sec. 3.4: each half of the one before
        # Sec. 3.3; widths and the two outputs as released. Table 5: the L2 loss.
        iou_head=dict(
            type='IoUScoringHead',
            in_channels=576,
            fc_out_channels=1024,
            loss_iou=dict(type='MSELoss', loss_weight=1.0),
        ),
        # "The same structure and loss function as the classification branch".
        rsm_head=dict(
            type='Shared2FCBBoxHead',
            in_channels=256,
            fc_out_channels=1024,
            roi_feat_size=7,
            num_classes=80,
            with_reg=False,
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0),
        ),
    ),
    # Sec. 3.4: IoU of the samples of each stage, the first one's by the assigner. 96
    # RoIs of an image as released.
    train_cfg=dict(rcnn=dict(max_grid_rois=96, stage_iou_thrs=(0.6, 0.7))),
    # Sec. 3.4, gamma of Fig. 7; the least score as released.
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.03,
            nms=dict(type='nms', iou_threshold=0.3),
            max_per_img=96,
            gamma=0.8,
        )
    ),
)

# A small CPM R-CNN on the small Faster R-CNN.
_base_ = './faster-rcnn_r18_fpn_shapes.py'

width = {{_base_.width}}
model = dict(
    roi_head=dict(
        type='CPMRoIHead',
        bbox_head=dict(with_reg=False),
        grid_roi_extractor={{_base_.roi_extractor_14}},
        # Nine points of 8 channels.
        grid_head=dict(
            type='PointGridHead',
            in_channels=width,
            num_convs=4,
            point_channels=8,
            norm_cfg=dict(type='GN', num_groups=12),
        ),
        # As in Table 1.
        num_stages=2,
        mapping_ratios=(2.0, 1.5),
        stage_loss_weights=(1.0, 0.5),
        iou_head=dict(type='IoUScoringHead', in_channels=72, fc_out_channels=128),
        # Half as wide as the classification branch, to train in little more time.
        rsm_head=dict(
            type='ConvFCBBoxHead',
            num_shared_convs=2,
            num_shared_fcs=1,
            in_channels=width,
            conv_out_channels=32,
            fc_out_channels=128,
            norm_cfg=dict(type='BN'),
            num_classes={{_base_.num_classes}},
            with_reg=False,
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0),
        ),
    ),
    train_cfg=dict(rcnn=dict(max_grid_rois=12, stage_iou_thrs=(0.6,))),
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.03,
            nms=dict(type='nms', iou_threshold=0.3),
            max_per_img=96,
            gamma=0.8,
        )
    ),
)

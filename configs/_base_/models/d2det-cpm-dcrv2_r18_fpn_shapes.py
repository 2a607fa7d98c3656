# The small Faster R-CNN with parts of three papers: D2Det's pooling for the classes and dense
# local regression, CPM R-CNN's scores of the boxes (ISM, RSM), and DCR V2.
_base_ = './faster-rcnn_r18_fpn_shapes.py'

width = {{_base_.width}}
model = dict(
    type='SharedBaseDCR',
    roi_head=dict(
        type='CPMRoIHead',
        # As in d2det_r18_fpn_shapes.py.
        bbox_roi_extractor=dict(
            _delete_=True,
            type='DiscriminativeRoIExtractor',
            out_channels=width,
            featmap_strides=[4, 8, 16, 32],
            finest_scale={{_base_.finest_scale}},
            offset_channels=128,
            share_across_levels=True,
        ),
        bbox_head=dict(with_reg=False, loss_cls=dict(loss_weight=2.0)),
        grid_roi_extractor={{_base_.roi_extractor_14}},
        grid_head=dict(
            type='DenseLocalRegressionHead',
            in_channels=width,
            num_convs=4,
            conv_channels=72,
            norm_cfg=dict(type='GN', num_groups=12),
        ),
        num_stages=1,
        mapping_ratios=None,
        stage_loss_weights=(1.0,),
        # As in cpm-rcnn_r18_fpn_shapes.py.
        iou_head=dict(type='IoUScoringHead', in_channels=72, fc_out_channels=128),
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
    # As in faster-rcnn-dcrv2_r18_fpn_shapes.py, but on the localised boxes.
    refine_at='post_nms',
    max_candidates=32,
    refiner=dict(
        type='RegionRefiner',
        tail=dict(type='ResNetTail', depth=18, base_channels=24, norm_eval=False),
        crop_size=56,
        sampler=dict(type='HardFalsePositiveSampler', num=24),
        roi_layer=dict(type='FastRoIAlign', sampling_ratio=2),
    ),
    train_cfg=dict(rcnn=dict(max_grid_rois=12, stage_iou_thrs=())),
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.03,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=125,
            final_nms=dict(type='soft_nms', iou_threshold=0.5),
            gamma=0.8,
        )
    ),
)

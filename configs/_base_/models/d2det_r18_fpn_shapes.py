# A small D2Det on the small Faster R-CNN.
_base_ = './faster-rcnn_r18_fpn_shapes.py'

width = {{_base_.width}}
finest_scale = {{_base_.finest_scale}}
model = dict(
    roi_head=dict(
        type='D2DetRoIHead',
        bbox_roi_extractor=dict(
            _delete_=True,
            type='DiscriminativeRoIExtractor',
            out_channels=width,
            featmap_strides=[4, 8, 16, 32],
            finest_scale=finest_scale,
            offset_channels=128,
            share_across_levels=True,
        ),
        bbox_head=dict(with_reg=False, loss_cls=dict(loss_weight=2.0)),
        reg_roi_extractor={{_base_.roi_extractor_14}},
        reg_head=dict(
            type='DenseLocalRegressionHead',
            in_channels=width,
            num_convs=4,
            conv_channels=72,
            norm_cfg=dict(type='GN', num_groups=12),
        ),
    ),
    train_cfg=dict(rcnn=dict(pos_jitter=0.15, max_reg_rois=128)),
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.03,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=125,
            final_nms=dict(type='soft_nms', iou_threshold=0.5),
        )
    ),
)

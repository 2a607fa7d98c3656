# Row "D2Det" of Table 2 (42.7) by the words of the paper; loss weights, which it leaves
# open, are 1, and gradients are clipped as in the main config.
_base_ = './d2det_r50_fpn_2x_coco.py'

# Sec. 4.1: "a pooling size of 7 x 7" in both branches; Eq. 3 without a margin.
reg_head = dict(
    roi_feat_size=7,
    first_stride=1,
    overlap_margin='paper',
    loss_bbox=dict(type='IoULoss', mode='log', loss_weight=1.0),
)
model = dict(
    roi_head=dict(
        bbox_roi_extractor=dict(weights_per_channel=False),  # sec. 3.2
        bbox_head=dict(loss_cls=dict(loss_weight=1.0)),
        reg_roi_extractor=dict(roi_layer=dict(output_size=7)),
        reg_head=reg_head,
    ),
    train_cfg=dict(rcnn=dict(pos_jitter=0.0, max_reg_rois=256)),
    test_cfg=dict(rcnn=dict(final_nms=None)),  # sec. 4.1: on test-dev only
)
steps = dict(type='MultiStepLR', begin=0, end=24, milestones=[16, 22], gamma=0.1)
param_scheduler = [{{_base_.warm_up}}, steps]

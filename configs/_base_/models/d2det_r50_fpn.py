# D2Det for boxes, as released where the paper is silent.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

featmap_strides = [4, 8, 16, 32]
pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
# For instance segmentation, as released.
mask_test_cfg = dict(
    score_thr=0.05,
    nms=dict(type='nms', iou_threshold=0.3),
    max_per_img=100,
    final_nms=None,
    mask_thr_binary=0.5,
)
model = dict(
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(
        type='D2DetRoIHead',
        # Sec. 3.2; gamma = 0.1 and parameters per level as released.
        bbox_roi_extractor=dict(
            _delete_=True,
            type='DiscriminativeRoIExtractor',
            out_channels=256,
            featmap_strides=featmap_strides,
            output_size=7,
            sampling_ratio=2,  # 1 in other released models than this one
        ),
        # Weight 2 as released.
        bbox_head=dict(with_reg=False, loss_cls=dict(loss_weight=2.0)),
        # Sec. 4.1: eight convolutions; on a 14 x 14 RoI feature as released.
        reg_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='FastRoIAlign', output_size=14, sampling_ratio=2),
            out_channels=256,
            featmap_strides=featmap_strides,
        ),
        reg_head=dict(type='DenseLocalRegressionHead', in_channels=256),
    ),
    # As released: positives are jittered, at most 192 of a batch train the branch.
    train_cfg=dict(rcnn=dict(pos_jitter=0.15, max_reg_rois=192)),
    # Sec. 4.1: 100 to 125 proposals are localised; soft-NMS follows.
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.03,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=125,
            final_nms=dict(type='soft_nms', iou_threshold=0.5),
        )
    ),
)

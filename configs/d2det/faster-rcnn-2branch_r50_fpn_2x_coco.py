# Table 2, row 1 (38.0): Faster R-CNN with separate fc branches for class and box.
_base_ = './d2det_r50_fpn_2x_coco.py'

model = dict(
    roi_head=dict(
        _delete_=True,
        type='StandardRoIHead',
        bbox_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
            out_channels=256,
            featmap_strides=[4, 8, 16, 32],
        ),
        bbox_head=dict(
            type='ConvFCBBoxHead',
            num_cls_fcs=2,
            num_reg_fcs=2,
            in_channels=256,
            num_classes=80,
            # The class weight of 2 is D2Det's; L1 is what mmdet's Faster R-CNN uses.
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=1.0),
            loss_bbox=dict(type='L1Loss', loss_weight=1.0),
        ),
    ),
    test_cfg=dict(
        rcnn=dict(
            _delete_=True,
            score_thr=0.05,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=100,
        )
    ),
)

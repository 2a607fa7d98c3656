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
        ),
    ),
    test_cfg=dict(rcnn=dict(score_thr=0.05, max_per_img=100)),
)

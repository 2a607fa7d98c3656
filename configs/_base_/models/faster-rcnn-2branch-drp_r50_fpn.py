# Faster R-CNN with separate fc branches, discriminative RoI pooling (sec. 3.2 of D2Det)
# for the classes and RoIAlign for the boxes.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

featmap_strides = [4, 8, 16, 32]
pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(
    roi_head=dict(
        type='SeparateExtractorRoIHead',
        bbox_roi_extractor=dict(
            _delete_=True,
            type='DiscriminativeRoIExtractor',
            out_channels=256,
            featmap_strides=featmap_strides,
        ),
        reg_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='FastRoIAlign', output_size=7, sampling_ratio=2),
            out_channels=256,
            featmap_strides=featmap_strides,
        ),
        bbox_head=dict(
            type='ConvFCBBoxHead',
            num_cls_fcs=2,
            num_reg_fcs=2,
            loss_cls=dict(loss_weight=2.0),
        ),
    ),
    # As in d2det_r50_fpn.py, but for the first NMS, which has no boxes to choose.
    test_cfg=dict(
        rcnn=dict(
            score_thr=0.03,
            nms=dict(type='soft_nms', iou_threshold=0.5),
            max_per_img=125,
        )
    ),
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
)

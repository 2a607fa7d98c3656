# The "Faster (2fc)" of DCR (arXiv 1810.04002), sec. 5.1.2: no feature pyramid.
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint=pretrained),
    ),
    # A 3x3 convolution to 256 channels after Stage4.
    neck=dict(
        _delete_=True, type='LastStageProjection', in_channels=2048, out_channels=256
    ),
    # At the end of Stage3; layer and anchors of the original Faster R-CNN.
    rpn_head=dict(
        type='SelectedLevelsRPNHead',
        in_levels=[1],
        in_channels=1024,
        feat_channels=512,
        anchor_generator=dict(scales=[8, 16, 32], strides=[16]),
    ),
    # Two fc layers of 1024, mmdet's default, on Stage4.
    roi_head=dict(
        bbox_roi_extractor=dict(
            featmap_strides=[32], roi_layer=dict(type='FastRoIAlign')
        )
    ),
    # Proposals of the original Faster R-CNN; 300 boxes at test time (sec. 4.3).
    train_cfg=dict(rpn_proposal=dict(nms_pre=12000, max_per_img=2000)),
    test_cfg=dict(
        rpn=dict(nms_pre=6000, max_per_img=300),
        # Products of two scores are lower than scores.
        rcnn=dict(score_thr=0.001),
    ),
)

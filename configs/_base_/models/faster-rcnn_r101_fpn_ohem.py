# The FPN of DCR (arXiv 1810.04002).
_base_ = 'mmdet::_base_/models/faster-rcnn_r50_fpn.py'

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(checkpoint=pretrained),
    ),
    roi_head=dict(bbox_roi_extractor=dict(roi_layer=dict(type='FastRoIAlign'))),
    # Online hard example mining, as the authors train it.
    train_cfg=dict(rcnn=dict(sampler=dict(type='OHEMSampler'))),
    # 300 boxes (sec. 4.3). Products of two scores are lower than scores.
    test_cfg=dict(rpn=dict(max_per_img=300), rcnn=dict(score_thr=0.001)),
)

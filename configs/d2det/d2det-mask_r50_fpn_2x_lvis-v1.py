# LVIS v1, of which the authors' release has a model; not in the paper.
_base_ = [
    '../_base_/models/d2det-mask_r50_fpn.py',
    'mmdet::_base_/datasets/lvis_v1_instance.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

model = dict(
    roi_head=dict(bbox_head=dict(num_classes=1203), mask_head=dict(num_classes=1203)),
    # As mmdet tests on LVIS: many rare classes, so low scores and many detections.
    test_cfg=dict(rcnn=dict(score_thr=0.0001, max_per_img=300)),
)

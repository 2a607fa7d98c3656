# Objects365, of which the authors' release has a model; not in the paper.
_base_ = [
    '../_base_/models/d2det_r50_fpn.py',
    'mmdet::_base_/datasets/objects365v1_detection.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

model = dict(roi_head=dict(bbox_head=dict(num_classes=365)))

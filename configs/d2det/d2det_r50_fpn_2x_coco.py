# D2Det, row "D2Det" of Table 2 and Fig. 5: 43.7 box AP on val in the authors' release.
_base_ = [
    '../_base_/models/d2det_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

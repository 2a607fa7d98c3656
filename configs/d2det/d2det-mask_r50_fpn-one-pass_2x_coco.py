# A choice of users: masks from the pass that localises, for tests with the same weights.
_base_ = [
    '../_base_/models/d2det-mask_r50_fpn.py',
    'mmdet::_base_/datasets/coco_instance.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

model = dict(roi_head=dict(type='SinglePassD2DetRoIHead'))

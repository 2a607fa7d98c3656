# A choice of users: 300 proposals in the place of 1000, for tests with the same weights.
_base_ = [
    '../_base_/models/d2det_r50_fpn.py',
    '../_base_/d2det_2x_coco.py',
]

model = dict(test_cfg=dict(rpn=dict(max_per_img=300)))

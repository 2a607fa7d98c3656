# A choice of users: one convolution in the localisation branch, not eight (sec. 4.1).
_base_ = [
    '../_base_/models/d2det_r50_fpn.py',
    '../_base_/d2det_2x_coco.py',
]

model = dict(roi_head=dict(reg_head=dict(num_convs=1)))

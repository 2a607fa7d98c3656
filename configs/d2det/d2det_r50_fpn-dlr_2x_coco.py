# Table 2, row 2 (41.5): dense local regression with plain RoIAlign for the classes.
_base_ = [
    '../_base_/models/d2det-dlr_r50_fpn.py',
    '../_base_/d2det_2x_coco.py',
]

# A small Double-Head-Ext R-CNN for the shapes data, trained from scratch: the baseline's
# backbone, data and budget.
_base_ = [
    '../_base_/models/double-head-ext_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

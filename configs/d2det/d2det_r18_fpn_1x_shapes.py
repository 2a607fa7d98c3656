# A small D2Det for the shapes data, trained from scratch.
_base_ = [
    '../_base_/models/d2det_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

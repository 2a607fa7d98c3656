# The second column of Table 3 on the shapes data: no negative anchor filtering.
_base_ = [
    '../_base_/models/refinedet_r18_shapes.py',
    '../_base_/shapes_detection_320_1x.py',
]

model = dict(arm_head=dict(negative_threshold=1.0))

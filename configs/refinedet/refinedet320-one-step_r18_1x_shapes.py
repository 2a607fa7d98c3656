# The third column of Table 3 on the shapes data: no two-step regression either.
_base_ = [
    '../_base_/models/refinedet_r18_shapes.py',
    '../_base_/shapes_detection_320_1x.py',
]

# Nor filtering, as in the second column.
model = dict(arm_head=dict(negative_threshold=1.0, refine=False))

# The baseline of refinedet320_r18_1x_shapes.py: same backbone, input, data and budget.
_base_ = [
    '../_base_/models/ssd_r18_shapes.py',
    '../_base_/shapes_detection_320_1x.py',
]

# A small RefineDet for the shapes data, trained from scratch, with inputs of 320 px.
_base_ = [
    '../_base_/models/refinedet_r18_shapes.py',
    '../_base_/shapes_detection_320_1x.py',
]

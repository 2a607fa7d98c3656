# A small CPM R-CNN with all modules for the shapes data, trained from scratch.
_base_ = [
    '../_base_/models/cpm-rcnn_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

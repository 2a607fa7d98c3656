# D2Det's localisation, CPM R-CNN's scores of boxes and DCR V2 in one small detector for the
# shapes data, trained from scratch. Not in the papers.
_base_ = [
    '../_base_/models/d2det-cpm-dcrv2_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

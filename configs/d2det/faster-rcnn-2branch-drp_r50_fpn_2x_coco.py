# Table 2, row 3 (39.3): discriminative RoI pooling for the classes, box by fully
# connected layers on RoIAlign.
_base_ = [
    '../_base_/models/faster-rcnn-2branch-drp_r50_fpn.py',
    '../_base_/d2det_2x_coco.py',
]

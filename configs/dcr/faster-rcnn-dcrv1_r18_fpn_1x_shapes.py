# A small FPN with DCR V1 for the shapes data: the second of two steps. The first is
# configs/baselines/faster-rcnn_r18_fpn_1x_shapes.py, whose checkpoint is frozen here.
_base_ = [
    '../_base_/models/faster-rcnn-dcrv1_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

# The 16 epochs of the first step and 8 of this take little longer than 16 of DCR V2.
train_cfg = dict(max_epochs=8)
param_scheduler = {{_base_.cosine.epochs_8}}

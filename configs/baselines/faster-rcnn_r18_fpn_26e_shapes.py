# The baseline of the DCR configs for the training time that they take.
_base_ = [
    '../_base_/models/faster-rcnn_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

train_cfg = dict(max_epochs=26)
param_scheduler = {{_base_.cosine.epochs_26}}

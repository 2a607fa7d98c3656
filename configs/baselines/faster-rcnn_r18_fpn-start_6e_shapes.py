# Trained once, in place of ImageNet, for what all trainings of docs/evidence.md start from:
# 4000 images that none of them sees, drawn by
# `make_shapes.py data/shapes_start --version 2 --seed 1 --num-train 4000 --num-val 200`.
_base_ = [
    '../_base_/models/faster-rcnn_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

data_root = 'data/shapes_start/'
# As large as the images that the detectors of two stages are compared on.
train = dict(data_root=data_root, pipeline={{_base_.pipelines.side_192.train}})
test = dict(data_root=data_root, pipeline={{_base_.pipelines.side_192.test}})
train_dataloader = dict(dataset=train)
val_dataloader = dict(dataset=test)
test_dataloader = val_dataloader
val_evaluator = dict(ann_file=data_root + 'annotations/val.json')
test_evaluator = val_evaluator
train_cfg = dict(max_epochs=6, val_interval=2)
param_scheduler = {{_base_.cosine.epochs_6}}

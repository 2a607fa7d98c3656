# For the authors' released weights, which they report with 41.7 box AP on test-dev.
_base_ = [
    '../_base_/models/cpm-rcnn_r50_fpn_released.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/cpm-rcnn_180k.py',
    '../_base_/iterations_runtime.py',
]

# The schedule counts iterations.
train_dataloader = dict(sampler=dict(type='InfiniteSampler', shuffle=True))

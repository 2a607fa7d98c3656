# CPM R-CNN with three stages, row R-50 of Table 2 (41.5 val).
_base_ = [
    '../_base_/models/cpm-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/cpm-rcnn_180k.py',
    '../_base_/iterations_runtime.py',
]

# The schedule counts iterations.
train_dataloader = dict(sampler=dict(type='InfiniteSampler', shuffle=True))

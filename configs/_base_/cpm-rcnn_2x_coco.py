# What the CPM R-CNNs on COCO share: data, schedule and runtime.
_base_ = [
    'mmdet::_base_/datasets/coco_detection.py',
    './schedules/cpm-rcnn_180k.py',
    './iterations_runtime.py',
]

# The schedule counts iterations.
train_dataloader = dict(sampler=dict(type='InfiniteSampler', shuffle=True))

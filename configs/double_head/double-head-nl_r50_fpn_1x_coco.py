# Plain Double-Head R-CNN with the paper's conv-head, sec. 4.1 and 4.2: non-local blocks
# between the residual ones, loss weights of 2.0 and 2.5.
_base_ = [
    '../_base_/models/double-head-ext_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]

# Each head keeps the task it focuses on.
model = dict(roi_head=dict(bbox_head=dict(lambda_fc=1.0, lambda_conv=1.0, fusion='fc')))

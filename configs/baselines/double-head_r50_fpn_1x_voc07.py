# Plain Double-Head R-CNN, by the classes of MMDetection: the paper's comparison on VOC 2007.
_base_ = [
    '../_base_/models/double-head_r50_fpn.py',
    '../_base_/datasets/voc07_detection.py',
    '../_base_/schedules/voc_1x.py',
    '../_base_/default_runtime.py',
]

model = dict(roi_head=dict(bbox_head=dict(num_classes=20)))

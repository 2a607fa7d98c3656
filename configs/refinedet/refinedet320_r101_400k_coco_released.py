# For the authors' released weights, for which their paper reports 32.0 box AP on COCO test-dev.
_base_ = [
    '../_base_/models/refinedet_r101_released.py',
    '../_base_/refinedet320_400k_coco.py',
]

model = dict(bbox_head=dict(num_classes=80))

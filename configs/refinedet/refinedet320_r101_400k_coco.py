# Table 2, row "RefineDet320", ResNet-101 (32.0); with `tools/test.py --tta` row "RefineDet320+" (38.6).
_base_ = [
    '../_base_/models/refinedet_r101.py',
    '../_base_/refinedet320_400k_coco.py',
]

model = dict(bbox_head=dict(num_classes=80))

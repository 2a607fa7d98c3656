# Table 2, row "RefineDet320", ResNet-101 (32.0), as released: a residual block before the
# predictors of each level, and batch norms that learn.
_base_ = [
    '../_base_/models/refinedet_r101.py',
    '../_base_/refinedet320_400k_coco.py',
]

model = dict(
    backbone=dict(norm_eval=False),
    arm_head=dict(residual_channels=1024),
    bbox_head=dict(residual_channels=1024, num_classes=80),
)

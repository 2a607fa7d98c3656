# For the authors' released weights, for which their paper reports 32.0 box AP on COCO test-dev.
_base_ = [
    '../_base_/models/refinedet_r101_released.py',
    '../_base_/refinedet320_400k_coco.py',
]

tta_model = dict(tta_cfg=dict(max_per_img=500))

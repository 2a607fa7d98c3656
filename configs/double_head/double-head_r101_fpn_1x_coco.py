_base_ = '../baselines/double-head_r101_fpn_1x_coco.py'

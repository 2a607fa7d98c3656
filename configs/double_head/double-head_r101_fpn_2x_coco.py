_base_ = '../baselines/double-head_r101_fpn_2x_coco.py'

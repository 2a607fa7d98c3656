_base_ = '../baselines/double-head_r50_fpn_2x_coco.py'

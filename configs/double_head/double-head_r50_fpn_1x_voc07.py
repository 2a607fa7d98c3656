_base_ = '../baselines/double-head_r50_fpn_1x_voc07.py'

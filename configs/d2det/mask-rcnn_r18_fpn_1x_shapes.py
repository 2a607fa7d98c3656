_base_ = '../baselines/mask-rcnn_r18_fpn_1x_shapes.py'

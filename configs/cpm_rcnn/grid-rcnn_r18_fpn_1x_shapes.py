_base_ = '../baselines/grid-rcnn_r18_fpn_1x_shapes.py'

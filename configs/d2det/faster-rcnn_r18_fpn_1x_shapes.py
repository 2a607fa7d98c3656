_base_ = '../baselines/faster-rcnn_r18_fpn_1x_shapes.py'

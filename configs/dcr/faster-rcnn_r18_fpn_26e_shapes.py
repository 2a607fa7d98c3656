_base_ = '../baselines/faster-rcnn_r18_fpn_26e_shapes.py'

_base_ = '../baselines/faster-rcnn_r101_fpn_8e_coco.py'

_base_ = '../baselines/faster-rcnn_r101_fpn_7e_coco.py'

_base_ = '../baselines/faster-rcnn_r101_8e_coco.py'

_base_ = '../baselines/faster-rcnn_r50_8e_coco.py'

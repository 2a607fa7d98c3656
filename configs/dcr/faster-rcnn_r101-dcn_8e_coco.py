_base_ = '../baselines/faster-rcnn_r101-dcn_8e_coco.py'

_base_ = '../baselines/faster-rcnn_r101-dcn_fpn_7e_coco.py'

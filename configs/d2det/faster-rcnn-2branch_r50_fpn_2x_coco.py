_base_ = '../baselines/faster-rcnn-2branch_r50_fpn_2x_coco.py'

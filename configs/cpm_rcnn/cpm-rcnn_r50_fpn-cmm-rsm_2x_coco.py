# Table 1, CMM and RSM, two stages (40.9).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(num_stages=2, iou_head=None))

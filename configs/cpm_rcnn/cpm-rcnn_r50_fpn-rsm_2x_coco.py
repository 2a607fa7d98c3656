# Table 1, RSM alone (40.6).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(num_stages=1, iou_head=None))

# Tables 3 and 4, three stages of CMM alone (40.8).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(iou_head=None, rsm_head=None))

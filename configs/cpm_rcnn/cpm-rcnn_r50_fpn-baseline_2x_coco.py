# Table 1, no module, one stage (39.9).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(num_stages=1, iou_head=None, rsm_head=None))

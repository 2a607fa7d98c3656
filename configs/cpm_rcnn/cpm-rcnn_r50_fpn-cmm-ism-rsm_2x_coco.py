# Table 1, CMM, ISM and RSM, two stages (41.3).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(num_stages=2))

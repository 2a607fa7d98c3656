# Table 1, CMM and ISM, two stages (41.1).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(num_stages=2, rsm_head=None))

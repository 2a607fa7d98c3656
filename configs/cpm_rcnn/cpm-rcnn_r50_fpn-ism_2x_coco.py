# Table 1, ISM alone (40.5).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(num_stages=1, rsm_head=None))

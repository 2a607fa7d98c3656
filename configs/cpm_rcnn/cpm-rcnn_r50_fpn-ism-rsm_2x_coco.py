# Table 1, a row it leaves out: ISM and RSM.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(num_stages=1))

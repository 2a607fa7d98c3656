# Both heads with a loss weight of 1.0 instead of 2.0 and 2.5 (Eq. 1).
_base_ = './double-head-nl_r50_fpn_1x_coco.py'

model = dict(roi_head=dict(bbox_head=dict(fc_loss_weight=1.0, conv_loss_weight=1.0)))

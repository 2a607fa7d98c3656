# Table 5, smooth L1 loss (40.3); the L2 loss is cpm-rcnn_r50_fpn-ism_2x_coco.py.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

loss_iou = dict(type='SmoothL1Loss')
model = dict(
    roi_head=dict(num_stages=1, iou_head=dict(loss_iou=loss_iou), rsm_head=None)
)

# Table 4, mapping ratio 2 in all of three stages (40.3).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(
    roi_head=dict(iou_head=None, rsm_head=None, mapping_ratios=(2.0, 2.0, 2.0))
)

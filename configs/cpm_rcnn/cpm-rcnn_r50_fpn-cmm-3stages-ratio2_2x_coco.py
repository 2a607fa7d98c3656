# Table 4, mapping ratio 2 in all of three stages (40.3).
_base_ = './cpm-rcnn_r50_fpn-cmm-3stages_2x_coco.py'

model = dict(roi_head=dict(mapping_ratios=(2.0, 2.0, 2.0)))

# Sec. 4.2: row 3 of Table 2 without adaptive weighting, said to cost 0.4.
_base_ = [
    '../_base_/models/faster-rcnn-2branch-drp_r50_fpn.py',
    '../_base_/d2det_2x_coco.py',
]

model = dict(roi_head=dict(bbox_roi_extractor=dict(adaptive_weighting=False)))

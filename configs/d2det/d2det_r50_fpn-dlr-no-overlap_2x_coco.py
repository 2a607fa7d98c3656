# Sec. 4.2: row 2 of Table 2 without the binary overlap predictor, said to cost 0.7.
_base_ = [
    '../_base_/models/d2det-dlr_r50_fpn.py',
    '../_base_/d2det_2x_coco.py',
]

model = dict(roi_head=dict(reg_head=dict(predict_overlap=False)))

# The paper's ablation over the balance weights: the fc-head only classifies.
_base_ = './dh-ext-faster-rcnn_r50_fpn_1x_coco.py'

model = dict(roi_head=dict(bbox_head=dict(lambda_fc=1.0)))

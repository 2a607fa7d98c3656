# The paper's ablation over the balance weights: lambda_fc = 0.5 instead of 0.7.
_base_ = './dh-ext-faster-rcnn_r50_fpn_1x_coco.py'

model = dict(roi_head=dict(bbox_head=dict(lambda_fc=0.5)))

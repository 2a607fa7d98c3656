# The paper's ablation over the balance weights: the conv-head only localises, so that
# there is nothing to fuse.
_base_ = './dh-ext-faster-rcnn_r50_fpn_1x_coco.py'

model = dict(roi_head=dict(bbox_head=dict(lambda_conv=1.0, fusion='fc')))

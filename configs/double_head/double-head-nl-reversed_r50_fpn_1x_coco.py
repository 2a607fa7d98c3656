# The paper's comparison of head structures, row Double-Head-Reverse: the fc-head
# localises, the conv-head classifies.
_base_ = './double-head-nl_r50_fpn_1x_coco.py'

model = dict(
    roi_head=dict(bbox_head=dict(lambda_fc=0.0, lambda_conv=0.0, fusion='conv'))
)

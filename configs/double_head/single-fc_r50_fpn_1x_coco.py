# The paper's comparison of head structures, row Single-FC: one fc-head for both tasks,
# with the usual weights of 1: 2.0 * 0.5.
_base_ = './double-head-nl_r50_fpn_1x_coco.py'

model = dict(
    roi_head=dict(bbox_head=dict(lambda_fc=0.5, conv_loss_weight=0.0, fusion='fc'))
)

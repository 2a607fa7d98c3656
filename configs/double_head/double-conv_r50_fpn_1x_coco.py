# The paper's comparison of head structures, row Double-Conv: a conv-head of its own for each task, with
# the usual weights of 1. The one for the classes reads the RoI as it is, the other one the larger RoI.
_base_ = './double-head-nl_r50_fpn_1x_coco.py'

model = dict(
    roi_head=dict(
        bbox_head=dict(fc_head_blocks=3, fc_loss_weight=1.0, conv_loss_weight=1.0)
    )
)

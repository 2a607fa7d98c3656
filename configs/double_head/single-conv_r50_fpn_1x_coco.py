# The paper's comparison of head structures, row Single-Conv: one conv-head for both
# tasks, with the usual weights of 1: 2.0 * 0.5.
_base_ = './double-head-nl_r50_fpn_1x_coco.py'

model = dict(
    roi_head=dict(
        bbox_head=dict(
            fc_loss_weight=0.0, lambda_conv=0.5, conv_loss_weight=2.0, fusion='conv'
        )
    )
)

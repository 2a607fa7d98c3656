# The paper's ablation over the number of blocks K of the conv-head: 7 residual, no
# non-local ones.
_base_ = './double-head-nl_r50_fpn_1x_coco.py'

model = dict(roi_head=dict(bbox_head=dict(num_blocks=7, with_non_local=False)))

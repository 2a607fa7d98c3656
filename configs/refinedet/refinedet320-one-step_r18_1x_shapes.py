# The third column of Table 3 on the shapes data: no two-step regression either.
_base_ = './refinedet320_r18_1x_shapes.py'

# Nor filtering, as in the second column.
model = dict(arm_head=dict(negative_threshold=1.0, refine=False))

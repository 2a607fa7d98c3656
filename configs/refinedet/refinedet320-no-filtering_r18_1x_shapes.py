# The second column of Table 3 on the shapes data: no negative anchor filtering.
_base_ = './refinedet320_r18_1x_shapes.py'

model = dict(arm_head=dict(negative_threshold=1.0))

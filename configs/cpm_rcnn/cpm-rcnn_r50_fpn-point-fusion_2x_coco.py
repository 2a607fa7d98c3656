# Points exchange features as in Grid R-CNN, which the released models leave out.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(roi_head=dict(grid_head=dict(fuse_points=True)))

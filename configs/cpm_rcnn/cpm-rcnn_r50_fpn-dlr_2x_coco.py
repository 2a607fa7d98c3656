# Not in the paper: the cascade with D2Det's dense local regression (sec. 3.1 there) in
# the place of points; each stage localises by a head of its own.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

dense = dict(_delete_=True, type='DenseLocalRegressionHead', in_channels=256)
model = dict(roi_head=dict(grid_head=dense, mapping_ratios=None))
optim_wrapper = dict(clip_grad=dict(max_norm=35, norm_type=2))  # as D2Det

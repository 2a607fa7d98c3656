# Fig. 7: gamma = 0, RSM alone. Trains like
# cpm-rcnn_r50_fpn_2x_coco.py; test a checkpoint of that.
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(test_cfg=dict(rcnn=dict(gamma=0.0)))

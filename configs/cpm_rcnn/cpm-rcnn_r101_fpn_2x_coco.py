# Row R-101 of Table 2 (43.2 val).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint=pretrained)))

# Double-Head-Ext R-CNN, sec. 4: ResNet-101.
_base_ = './dh-ext-faster-rcnn_r50_fpn_1x_coco.py'

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint=pretrained)))

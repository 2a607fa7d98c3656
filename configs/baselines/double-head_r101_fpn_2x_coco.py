# Plain Double-Head R-CNN, by the classes of MMDetection: ResNet-101, twice as long.
_base_ = './double-head_r50_fpn_2x_coco.py'

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint=pretrained)))

# Table 3, row "Baseline" (25.5).
_base_ = './faster-rcnn_r101_8e_coco.py'

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(backbone=dict(depth=50, init_cfg=dict(checkpoint=pretrained)))

# Table 1g, row "Faster w/ Res152" (80.3).
_base_ = './faster-rcnn_r101_7e_voc0712.py'

pretrained = 'https://download.pytorch.org/models/resnet152-394f9c45.pth'
model = dict(backbone=dict(depth=152, init_cfg=dict(checkpoint=pretrained)))

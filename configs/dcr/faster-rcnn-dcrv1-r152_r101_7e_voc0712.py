# Table 4, row "Faster-DCR V1", and Table 1e, row "152" (82.5).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

pretrained = 'https://download.pytorch.org/models/resnet152-394f9c45.pth'
backbone = dict(depth=152, init_cfg=dict(checkpoint=pretrained))
model = dict(refiner=dict(backbone=backbone))

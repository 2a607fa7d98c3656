# Table 1e, row "101" (82.3); also Table 2a, row Stage 0.
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
backbone = dict(depth=101, init_cfg=dict(checkpoint=pretrained))
model = dict(refiner=dict(backbone=backbone))

# Table 1e, row "34" (81.9).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

pretrained = 'https://download.pytorch.org/models/resnet34-b627a593.pth'
backbone = dict(depth=34, init_cfg=dict(checkpoint=pretrained))
model = dict(refiner=dict(backbone=backbone, in_channels=512))

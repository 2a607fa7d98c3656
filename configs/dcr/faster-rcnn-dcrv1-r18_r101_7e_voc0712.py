# Table 1e, row "18" (81.4).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

pretrained = 'https://download.pytorch.org/models/resnet18-f37072fd.pth'
backbone = dict(depth=18, init_cfg=dict(checkpoint=pretrained))
model = dict(refiner=dict(backbone=backbone, in_channels=512))

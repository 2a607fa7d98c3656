# RefineDet with VGG-16 for the 80 classes of COCO.
_base_ = './refinedet_vgg16.py'

model = dict(bbox_head=dict(num_classes=80))

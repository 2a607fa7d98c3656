# Table 4, row "RefineDet320", VOC 2012 (82.7); with `tools/test.py --tta` row "RefineDet320+" (86.0).
# Sec. 5.4 names no schedule for the fine-tuning: the learning rate is the released one, its
# steps are those of training from ImageNet.
_base_ = './refinedet320_vgg16_240k_voc07pp12.py'

# Made from a COCO checkpoint, see README.md.
load_from = 'checkpoints/refinedet320_vgg16_coco-to-voc.pth'
optim_wrapper = dict(optimizer=dict(lr=5e-5))

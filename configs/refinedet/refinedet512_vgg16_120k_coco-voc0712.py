# Table 4, row "RefineDet512", VOC 2007 (85.2); with `tools/test.py --tta` row "RefineDet512+" (85.8).
# Sec. 5.4 names no schedule for the fine-tuning: it is that of training from ImageNet.
_base_ = './refinedet512_vgg16_120k_voc0712.py'

# Made from a COCO checkpoint, see README.md.
load_from = 'checkpoints/refinedet512_vgg16_coco-to-voc.pth'

# Table 4, row "RefineDet320", VOC 2007 (84.0); with `tools/test.py --tta` row "RefineDet320+" (85.6).
# Sec. 5.4 names no schedule for the fine-tuning: the learning rate is the released one, its
# steps are those of training from ImageNet.
_base_ = './refinedet320_vgg16_120k_voc0712.py'

# Made from a COCO checkpoint, see README.md.
load_from = 'checkpoints/refinedet320_vgg16_coco-to-voc.pth'
optim_wrapper = dict(optimizer=dict(lr=5e-5))

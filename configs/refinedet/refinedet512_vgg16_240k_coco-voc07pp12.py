# Table 4, row "RefineDet512", VOC 2012 (85.0); with `tools/test.py --tta` row "RefineDet512+" (86.8).
# Sec. 5.4 names no schedule for the fine-tuning: the learning rate is the released one, its
# steps are those of training from ImageNet.
_base_ = './refinedet320_vgg16_240k_voc07pp12.py'

# Made from a COCO checkpoint, see README.md.
load_from = 'checkpoints/refinedet512_vgg16_coco-to-voc.pth'
train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.train}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.test}}))
tta_pipeline = {{_base_.ssd_512.tta}}
tta_model = dict(tta_cfg=dict(size_limits={{_base_.ssd_512.size_limits}}))
optim_wrapper = dict(optimizer=dict(lr=5e-5))

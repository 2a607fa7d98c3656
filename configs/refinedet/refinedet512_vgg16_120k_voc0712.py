# Table 1, row "RefineDet512", VOC 2007 (81.8); with `tools/test.py --tta` row "RefineDet512+" (83.8).
_base_ = './refinedet320_vgg16_120k_voc0712.py'

train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_512.tta}}
tta_model = dict(tta_cfg=dict(size_limits={{_base_.ssd_512.size_limits}}))

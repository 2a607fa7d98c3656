# Table 1, row "RefineDet512", VOC 2012 (80.1); with `tools/test.py --tta` row "RefineDet512+" (83.5).
_base_ = './refinedet320_vgg16_240k_voc07pp12.py'

train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.train}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.test}}))
tta_pipeline = {{_base_.ssd_512.tta}}
tta_model = dict(tta_cfg=dict(size_limits={{_base_.ssd_512.size_limits}}))

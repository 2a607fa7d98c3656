# Table 2, row "RefineDet512", VGG-16 (33.0); with `tools/test.py --tta` row "RefineDet512+" (37.6).
_base_ = [
    '../_base_/models/refinedet_vgg16_coco.py',
    '../_base_/refinedet320_400k_coco.py',
]

train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_512.tta_coco}}
tta_model = dict(tta_cfg=dict(size_limits={{_base_.ssd_512.size_limits}}))

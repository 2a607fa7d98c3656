# For the authors' released weights, for which their paper reports 33.0 box AP on COCO test-dev.
_base_ = [
    '../_base_/models/refinedet_vgg16_released.py',
    '../_base_/refinedet320_400k_coco.py',
]

model = dict(bbox_head=dict(num_classes=80))
tta_model = dict(tta_cfg=dict(max_per_img=500))
train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_512.tta}}

# Table 2, row "RefineDet512", ResNet-101 (36.4); with `tools/test.py --tta` row "RefineDet512+" (41.8).
_base_ = [
    '../_base_/models/refinedet_r101.py',
    '../_base_/refinedet320_400k_coco.py',
]

model = dict(bbox_head=dict(num_classes=80))
# Footnote 7: 20 images in a batch, here 5 on each of 4 GPUs.
train_dataloader = dict(batch_size=5, dataset=dict(pipeline={{_base_.ssd_512.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_512.tta_coco}}
tta_model = dict(tta_cfg=dict(size_limits={{_base_.ssd_512.size_limits}}))
# Sec. 5.3: 400k, 80k and 60k iterations.
train_cfg = dict(max_iters=540000)
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[400000, 480000], gamma=0.1)
]
auto_scale_lr = dict(base_batch_size=20)

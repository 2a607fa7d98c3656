# For the authors' released weights, for which their paper reports 36.4 box AP on COCO test-dev.
_base_ = [
    '../_base_/models/refinedet_r101_released.py',
    '../_base_/refinedet320_400k_coco.py',
]

tta_model = dict(
    tta_cfg=dict(max_per_img=500, size_limits={{_base_.ssd_512.size_limits}})
)
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_512.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_512.tta_coco}}
# Footnote 7: 20 images in a batch, here 5 on each of 4 GPUs.
train_dataloader = dict(batch_size=5, dataset=dict(pipeline={{_base_.ssd_512.train}}))
# Sec. 5.3: 400k, 80k and 60k iterations.
train_cfg = dict(max_iters=540000)
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[400000, 480000], gamma=0.1)
]
auto_scale_lr = dict(base_batch_size=20)

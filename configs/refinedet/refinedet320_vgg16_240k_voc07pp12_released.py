# For the authors' released weights, for which their paper reports 78.1 mAP on VOC 2012.
_base_ = [
    '../_base_/models/refinedet_vgg16_released.py',
    '../_base_/datasets/voc07pp12_iterations.py',
    '../_base_/datasets/ssd_augmentation.py',
    '../_base_/schedules/refinedet_120k.py',
    '../_base_/iterations_runtime.py',
]

model = dict(train_on_ignored=True)
val_cfg = None
train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.train}}))
test_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.test}}))
tta_pipeline = {{_base_.ssd_320.tta}}
tta_model = dict(tta_cfg=dict(max_per_img=500))
# Sec. 5.2: 160k, 40k and 40k iterations.
train_cfg = dict(max_iters=240000)
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[160000, 200000], gamma=0.1)
]

# For the authors' released weights, for which their paper reports 80.0 mAP on VOC 2007.
_base_ = [
    '../_base_/models/refinedet_vgg16_released.py',
    '../_base_/datasets/voc0712_iterations.py',
    '../_base_/datasets/ssd_augmentation.py',
    '../_base_/schedules/refinedet_120k.py',
    '../_base_/iterations_runtime.py',
]

model = dict(train_on_ignored=True)
train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_320.tta}}
tta_model = dict(tta_cfg=dict(max_per_img=500))

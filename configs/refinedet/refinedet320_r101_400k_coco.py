# Table 2, row "RefineDet320", ResNet-101 (32.0); with `tools/test.py --tta` row "RefineDet320+" (38.6).
_base_ = [
    '../_base_/models/refinedet_r101.py',
    '../_base_/datasets/coco_iterations.py',
    '../_base_/datasets/ssd_augmentation_320.py',
    '../_base_/schedules/refinedet_400k.py',
    '../_base_/iterations_runtime.py',
]

model = dict(bbox_head=dict(num_classes=80))
train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_test_pipeline}}))
test_dataloader = val_dataloader

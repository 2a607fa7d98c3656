# Table 2, row "RefineDet512", VGG-16 (33.0); with `tools/test.py --tta` row "RefineDet512+" (37.6).
_base_ = [
    '../_base_/models/refinedet_vgg16.py',
    '../_base_/datasets/coco_iterations.py',
    '../_base_/datasets/ssd_augmentation_512.py',
    '../_base_/schedules/refinedet_400k.py',
    '../_base_/iterations_runtime.py',
]

model = dict(bbox_head=dict(num_classes=80))
train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_test_pipeline}}))
test_dataloader = val_dataloader

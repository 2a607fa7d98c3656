# Table 1, row "RefineDet512", VOC 2007 (81.8); with `tools/test.py --tta` row "RefineDet512+" (83.8).
_base_ = [
    '../_base_/models/refinedet_vgg16.py',
    '../_base_/datasets/voc0712_iterations.py',
    '../_base_/datasets/ssd_augmentation_512.py',
    '../_base_/schedules/refinedet_120k.py',
    '../_base_/iterations_runtime.py',
]

train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_train_pipeline}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_test_pipeline}}))
test_dataloader = val_dataloader

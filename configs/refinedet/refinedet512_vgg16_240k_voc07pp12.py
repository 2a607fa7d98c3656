# Table 1, row "RefineDet512", VOC 2012 (80.1); with `tools/test.py --tta` row "RefineDet512+" (83.5).
_base_ = [
    '../_base_/models/refinedet_vgg16.py',
    '../_base_/datasets/voc07pp12_iterations.py',
    '../_base_/datasets/ssd_augmentation_512.py',
    '../_base_/schedules/refinedet_240k.py',
    '../_base_/iterations_runtime.py',
]

train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_train_pipeline}}))
val_cfg = None
test_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_test_pipeline}}))

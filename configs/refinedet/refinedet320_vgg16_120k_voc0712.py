# Table 1, row "RefineDet320", VOC 2007 (80.0); with `tools/test.py --tta` row "RefineDet320+" (83.1).
_base_ = [
    '../_base_/models/refinedet_vgg16.py',
    '../_base_/datasets/voc0712_iterations.py',
    '../_base_/datasets/ssd_augmentation.py',
    '../_base_/schedules/refinedet_120k.py',
    '../_base_/iterations_runtime.py',
]

train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_320.tta}}

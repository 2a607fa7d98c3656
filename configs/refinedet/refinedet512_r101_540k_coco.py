# Table 2, row "RefineDet512", ResNet-101 (36.4); with `tools/test.py --tta` row "RefineDet512+" (41.8).
_base_ = [
    '../_base_/models/refinedet_r101.py',
    '../_base_/datasets/coco_iterations.py',
    '../_base_/datasets/ssd_augmentation_512.py',
    '../_base_/schedules/refinedet_540k.py',
    '../_base_/iterations_runtime.py',
]

model = dict(bbox_head=dict(num_classes=80))
# Footnote 7: 20 images in a batch, here 5 on each of 4 GPUs.
train_dataloader = dict(
    batch_size=5, dataset=dict(pipeline={{_base_.ssd_train_pipeline}})
)
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_test_pipeline}}))
test_dataloader = val_dataloader

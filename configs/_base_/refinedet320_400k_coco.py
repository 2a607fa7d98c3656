# What the RefineDets on COCO share: data, augmentation at 320 px, schedule and runtime.
_base_ = [
    './datasets/coco_iterations.py',
    './datasets/ssd_augmentation.py',
    './schedules/refinedet_120k.py',
    './iterations_runtime.py',
]

train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.train}}))
val_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.test}}))
test_dataloader = val_dataloader
tta_pipeline = {{_base_.ssd_320.tta_coco}}
# As released: boxes that vote stay besides, and views pass no soft-NMS before.
tta_model = dict(tta_cfg=dict(soft=True), view_test_cfg=dict(final_nms=None))
# Sec. 5.3: 280k, 80k and 40k iterations.
train_cfg = dict(max_iters=400000)
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[280000, 360000], gamma=0.1)
]

# DCR V1 on RefineDet, whose final detections are refined. Not in the paper.
_base_ = [
    '../_base_/models/refinedet_vgg16_coco.py',
    '../_base_/refinedet320_400k_coco.py',
    '../_base_/refiners/crop_r50.py',
]

model = dict(
    type='FrozenBaseDCR',
    detector='RefineDet',
    detector_checkpoint='work_dirs/refinedet320_vgg16_400k_coco/iter_400000.pth',
    refiner={{_base_.refiner}},
    refine_at='post_nms',
)
# Only flips (sec. 5.1.1).
train_dataloader = dict(dataset=dict(pipeline={{_base_.ssd_320.flips}}))
# 8 epochs of 32 images, drop after 5.33; 0.0001 per image (sec. 5.1.1 and 5.5).
train_cfg = dict(max_iters=30000)
param_scheduler = [
    dict(type='MultiStepLR', by_epoch=False, milestones=[20000], gamma=0.1)
]
fast = {'refiner.fc_cls': dict(lr_mult=10)}
optimizer = dict(lr=0.0001 * 32, weight_decay=0.0001)
optim_wrapper = dict(optimizer=optimizer, paramwise_cfg=dict(custom_keys=fast))

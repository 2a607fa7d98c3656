# DCR V1 on FCOS, whose final detections are refined. Not in the paper.
_base_ = [
    'mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
    '../_base_/refiners/crop_r50_undivided.py',
]

custom_imports = dict(imports=['mmdet_plus'], allow_failed_imports=False)
model = dict(
    type='FrozenBaseDCR',
    detector='FCOS',
    detector_checkpoint='work_dirs/fcos_r50-caffe_fpn_gn-head_1x_coco/epoch_12.pth',
    refiner={{_base_.refiner}},
    refine_at='post_nms',
)
# 8 epochs, drop after 5.33; 0.0001 per image (sec. 5.1.1 and 5.5).
train_cfg = dict(max_epochs=8)
drop = dict(type='ConstantLR', factor=0.1, begin=5.33, end=1000)
param_scheduler = [dict(drop, by_epoch=True, convert_to_iter_based=True)]
fast = {'refiner.fc_cls': dict(lr_mult=10)}
optim_wrapper = dict(
    optimizer=dict(lr=0.0001 * 16), paramwise_cfg=dict(custom_keys=fast)
)

# DCR V2 on COCO (sec. 5.1.2 and 5.5): 8 epochs, drop after 5.33. The warm-up is MMDetection's; the
# paper tells of none.
_base_ = 'mmdet::_base_/schedules/schedule_1x.py'

train_cfg = dict(max_epochs=8)
# A tenth from the middle of an epoch on, which MultiStepLR cannot do.
drop = dict(type='ConstantLR', factor=0.1, begin=5.33, end=1000, by_epoch=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(drop, convert_to_iter_based=True),
]
# 0.0005 per image.
optim_wrapper = dict(optimizer=dict(lr=0.0005 * 16, weight_decay=0.0005))

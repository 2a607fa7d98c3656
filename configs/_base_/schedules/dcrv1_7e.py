# DCR V1 (sec. 5.1.1): 7 epochs on VOC, drop after 4.83 (sec. 5.4.1). The warm-up is MMDetection's; the
# paper tells of none.
_base_ = 'mmdet::_base_/schedules/schedule_1x.py'

train_cfg = dict(max_epochs=7)
# A tenth from the middle of an epoch on, which MultiStepLR cannot do.
drop = dict(type='ConstantLR', factor=0.1, begin=4.83, end=1000, by_epoch=True)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(drop, convert_to_iter_based=True),
]
# 0.0001 per image; the new layer learns ten times as fast (sec. 4.5.1).
fast = {'refiner.fc_cls': dict(lr_mult=10)}
optim_wrapper = dict(
    optimizer=dict(lr=0.0001 * 16), paramwise_cfg=dict(custom_keys=fast)
)

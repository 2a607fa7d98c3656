# Sec. 3.4: 0.02 for 120k iterations of 16 images, 0.002 for 40k and 0.0002 for 20k.
max_iters = 180000
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=10000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

# The paper warms up as "Accurate, large minibatch SGD", of which mmdet has this form.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type='MultiStepLR', by_epoch=False, milestones=[120000, 160000], gamma=0.1),
]
# Weight decay as released; the paper's is in cpm-rcnn_r50_fpn-paper-decay_2x_coco.py.
optim_wrapper = dict(
    type='OptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9, weight_decay=0.0001),
)
auto_scale_lr = dict(enable=False, base_batch_size=16)

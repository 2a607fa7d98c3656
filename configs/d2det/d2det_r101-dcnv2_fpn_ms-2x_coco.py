# Row "D2Det*" of Table 1: multi-scale training and, with `tools/test.py --tta`,
# multi-scale testing. The paper names no scales: these are mmdet's usual ones.
_base_ = [
    './d2det_r101-dcnv2_fpn_2x_coco.py',
    '../_base_/tta/soft-nms_640-960.py',
]

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomResize', scale=[(1333, 480), (1333, 960)], keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

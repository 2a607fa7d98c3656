# Row + of Table 6 (47.4 test-dev): shorter sides of 600 to 800 in training (sec. 4.2).
_base_ = './cpm-rcnn_x101-64x4d-dcn_fpn_2x_coco.py'

train_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='RandomResize', scale=[(1333, 600), (1333, 800)], keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))

# The same with images of at most 1280 x 800 px.
_base_ = './coco_trainval_testdev.py'

train_dataloader = dict(dataset=dict(datasets={{_base_.trainval.to_1280}}))
test_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='Resize', scale=(1280, 800), keep_ratio=True),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(
        type='PackDetInputs',
        meta_keys=('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor'),
    ),
]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))

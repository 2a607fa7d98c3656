# COCO with images of at most 1280 x 800 pixels.
_base_ = 'mmdet::_base_/datasets/coco_detection.py'

boxes = dict(type='LoadAnnotations', with_bbox=True)
meta_keys = ('img_id', 'img_path', 'ori_shape', 'img_shape', 'scale_factor')
resized = {
    name: dict(
        train=[
            dict(type='LoadImageFromFile'),
            boxes,
            dict(type='Resize', scale=scale, keep_ratio=True),
            dict(type='RandomFlip', prob=0.5),
            dict(type='PackDetInputs'),
        ],
        test=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=scale, keep_ratio=True),
            boxes,
            dict(type='PackDetInputs', meta_keys=meta_keys),
        ],
    )
    for name, scale in (('to_1280', (1280, 800)), ('to_1000', (1000, 600)))
}
train_dataloader = dict(dataset=dict(pipeline=resized['to_1280']['train']))
val_dataloader = dict(dataset=dict(pipeline=resized['to_1280']['test']))
test_dataloader = val_dataloader

# COCO for schedules that count iterations.
_base_ = 'mmdet::_base_/datasets/coco_detection.py'

load_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    sampler=dict(type='InfiniteSampler'),
    batch_sampler=None,
    # As the VOC sets: `pipeline` of the wrapper is the augmentation.
    dataset=dict(
        _delete_=True,
        type='MultiImageMixDataset',
        dataset=dict(
            type='CocoDataset',
            data_root='data/coco/',
            ann_file='annotations/instances_train2017.json',
            data_prefix=dict(img='train2017/'),
            filter_cfg=dict(filter_empty_gt=True, min_size=32),
            pipeline=load_pipeline,
        ),
    ),
)
val_dataloader = dict(batch_size=8)
test_dataloader = dict(batch_size=8)

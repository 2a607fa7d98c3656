# COCO train2017 and val2017 for training, test-dev for testing: the annotations of
# test-dev are not public, so that detections are written into a file for the server.
_base_ = 'mmdet::_base_/datasets/coco_detection.py'

steps_1280 = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
    dict(type='Resize', scale=(1280, 800), keep_ratio=True),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PackDetInputs'),
]
trainval = {
    name: [
        dict(
            type='CocoDataset',
            data_root='data/coco/',
            ann_file=f'annotations/instances_{part}.json',
            data_prefix=dict(img=f'{part}/'),
            filter_cfg=dict(filter_empty_gt=True, min_size=32),
            pipeline=pipeline,
        )
        for part in ('train2017', 'val2017')
    ]
    for name, pipeline in (
        ('to_1333', {{_base_.train_pipeline}}),
        ('to_1280', steps_1280),
    )
}
train_dataloader = dict(
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=trainval['to_1333'])
)
val_dataloader = None
val_evaluator = None
test_dataloader = dict(
    dataset=dict(
        ann_file='annotations/image_info_test-dev2017.json',
        data_prefix=dict(img='test2017/'),
    )
)
test_evaluator = dict(
    _delete_=True,
    type='CocoMetric',
    metric='bbox',
    format_only=True,
    ann_file='data/coco/annotations/image_info_test-dev2017.json',
    outfile_prefix='work_dirs/coco_test-dev',
)

# evidence_boxes.py for detectors of instances.
_base_ = './evidence_boxes.py'

train = dict(
    type={{_base_.dataset_type}},
    data_root={{_base_.data_root}},
    ann_file='annotations/train.json',
    data_prefix=dict(img='train/'),
    filter_cfg=dict(filter_empty_gt=False),
    pipeline=[
        dict(type='LoadImageFromFile'),
        dict(type='LoadAnnotations', with_bbox=True, with_mask=True),
        dict(type='Resize', scale=(192, 192), keep_ratio=True),
        dict(
            type='RandomFlip',
            prob=0.75,
            direction=['horizontal', 'vertical', 'diagonal'],
        ),
        dict(type='PackDetInputs'),
    ],
)
# As often as the detectors of boxes see an image, not twice.
train_dataloader = dict(
    dataset=dict(_delete_=True, type='RepeatDataset', times=1, dataset=train)
)
val_evaluator = dict(metric=['bbox', 'segm'])
test_evaluator = val_evaluator

# Made by `python tools/dataset_converters/make_shapes.py data/shapes`.
dataset_type = 'ShapesDataset'
data_root = 'data/shapes/'

# By the side of the input. Single-stage detectors take 320 px, and of SSD's augmentation
# only the flips: expanding makes the small objects of 256 px images smaller still, and
# crops lose objects of a set this small.
pipelines = {
    f'side_{side}': dict(
        train=[
            dict(type='LoadImageFromFile'),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(type='Resize', scale=(side, side), keep_ratio=keep_ratio),
            # Shapes have no upright position: all three flips, a quarter of images each.
            dict(
                type='RandomFlip',
                prob=0.75,
                direction=['horizontal', 'vertical', 'diagonal'],
            ),
            dict(type='PackDetInputs'),
        ],
        test=[
            dict(type='LoadImageFromFile'),
            dict(type='Resize', scale=(side, side), keep_ratio=keep_ratio),
            dict(type='LoadAnnotations', with_bbox=True),
            dict(
                type='PackDetInputs',
                meta_keys=(
                    'img_id',
                    'img_path',
                    'ori_shape',
                    'img_shape',
                    'scale_factor',
                ),
            ),
        ],
    )
    for side, keep_ratio in ((192, True), (256, True), (320, False), (512, False))
}
train_dataloader = dict(
    batch_size=8,
    # An image is read in 2 ms: workers would take more from a small machine than give.
    num_workers=0,
    persistent_workers=False,
    sampler=dict(type='DefaultSampler', shuffle=True),
    batch_sampler=dict(type='AspectRatioBatchSampler'),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/train.json',
        data_prefix=dict(img='train/'),
        # Images without objects are kept: detectors have to cope with them.
        filter_cfg=dict(filter_empty_gt=False),
        pipeline=pipelines['side_256']['train'],
    ),
)
val_dataloader = dict(
    batch_size=8,
    num_workers=0,
    persistent_workers=False,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        ann_file='annotations/val.json',
        data_prefix=dict(img='val/'),
        test_mode=True,
        pipeline=pipelines['side_256']['test'],
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(
    type='CocoMetric', ann_file=data_root + 'annotations/val.json', metric='bbox'
)
test_evaluator = val_evaluator

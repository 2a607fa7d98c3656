# Parts of VOC for training by iterations; configs on it name the parts.
dataset_type = 'VOCDataset'
data_root = 'data/VOCdevkit/'

load_pipeline = [
    dict(type='LoadImageFromFile'),
    dict(type='LoadAnnotations', with_bbox=True),
]
train_dataloader = dict(
    batch_size=8,
    num_workers=4,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    # The augmentation of all parts stands in one place: `pipeline` of this wrapper.
    dataset=dict(
        type='MultiImageMixDataset',
        dataset=dict(
            type='ConcatDataset',
            # Differs from part to part.
            ignore_keys=['dataset_type'],
        ),
    ),
)

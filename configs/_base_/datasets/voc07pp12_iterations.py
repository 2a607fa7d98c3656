# VOC 2007 trainval and test and VOC 2012 trainval for training (sec. 5.2).
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
            datasets=[
                dict(
                    type=dataset_type,
                    data_root=data_root,
                    ann_file=f'VOC{year}/ImageSets/Main/{part}.txt',
                    data_prefix=dict(sub_data_root=f'VOC{year}/'),
                    filter_cfg=dict(filter_empty_gt=True, min_size=32),
                    pipeline=load_pipeline,
                )
                for year, part in (
                    (2007, 'trainval'),
                    (2007, 'test'),
                    (2012, 'trainval'),
                )
            ],
        ),
    ),
)

# The annotations of VOC 2012 test are not public: its images are listed in COCO format,
# by MMDetection's tools/dataset_converters/images2coco.py, and detections are written
# into files for the server. There is nothing to validate on.
test_dataloader = dict(
    batch_size=8,
    num_workers=4,
    drop_last=False,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type='CocoDataset',
        data_root=data_root,
        ann_file='VOC2012/annotations/test.json',
        data_prefix=dict(img='VOC2012/JPEGImages/'),
        metainfo=dict(
            classes=(
                'aeroplane',
                'bicycle',
                'bird',
                'boat',
                'bottle',
                'bus',
                'car',
                'cat',
                'chair',
                'cow',
                'diningtable',
                'dog',
                'horse',
                'motorbike',
                'person',
                'pottedplant',
                'sheep',
                'sofa',
                'train',
                'tvmonitor',
            )
        ),
        test_mode=True,
    ),
)
test_evaluator = dict(
    type='VOCSubmissionMetric',
    format_only=True,
    outfile_prefix='work_dirs/voc2012_test',
)

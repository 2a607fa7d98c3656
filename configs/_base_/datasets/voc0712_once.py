# VOC 2007 and 2012 trainval; an epoch sees each image once, as the paper counts, and
# objects of every size.
_base_ = 'mmdet::_base_/datasets/voc0712.py'

train_dataloader = dict(
    dataset=dict(
        times=1,
        dataset=dict(
            datasets=[
                dict(
                    type='VOCDataset',
                    data_root='data/VOCdevkit/',
                    ann_file=f'VOC{year}/ImageSets/Main/trainval.txt',
                    data_prefix=dict(sub_data_root=f'VOC{year}/'),
                    filter_cfg=dict(filter_empty_gt=True, min_size=32),
                    pipeline={{_base_.train_pipeline}},
                )
                for year in (2007, 2012)
            ]
        ),
    )
)

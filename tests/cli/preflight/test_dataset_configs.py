import pytest
from mmdet.datasets import CocoDataset
from mmengine.config import Config

from mmdet_plus.cli.preflight.dataset_configs import (
    DatasetConfig,
    iter_datasets,
    iter_evaluators,
    needed_datasets,
)

COCO = dict(type='CocoDataset', data_root='d/', ann_file='a.json')


@pytest.mark.parametrize(
    ('dataset', 'keys'),
    [
        (COCO, ['']),
        (dict(type='RepeatDataset', times=2, dataset=COCO), ['.dataset']),
        (
            dict(type='ConcatDataset', datasets=[COCO, COCO]),
            ['.datasets.0', '.datasets.1'],
        ),
        (
            dict(dataset=dict(type='ConcatDataset', datasets=[dict(dataset=COCO)])),
            ['.dataset.datasets.0.dataset'],
        ),
    ],
)
def test_wrappers_are_opened(dataset, keys):
    cfg = Config(dict(train_dataloader=dict(dataset=dataset)))
    found = list(iter_datasets(cfg, 'train_dataloader'))
    assert [key for key, _ in found] == [f'train_dataloader.dataset{k}' for k in keys]
    assert all(config.type == 'CocoDataset' for _, config in found)


@pytest.mark.parametrize('content', [{}, dict(val_dataloader=None)])
def test_absent_loader_has_no_datasets(content):
    assert list(iter_datasets(Config(content), 'val_dataloader')) == []


def test_paths_start_at_the_data_root():
    dataset = DatasetConfig('k', dict(COCO, data_prefix=dict(img='i/')))
    assert dataset.ann_file == 'd/a.json'
    assert dataset.image_folder == 'd/i/'
    assert DatasetConfig('k', dict(COCO, ann_file='/x/a.json')).ann_file == '/x/a.json'


def test_classes_come_from_metainfo_or_the_dataset_class():
    assert DatasetConfig('k', COCO).dataset_class is CocoDataset
    assert DatasetConfig('k', COCO).classes == CocoDataset.METAINFO['classes']
    own = dict(COCO, metainfo=dict(classes=['a', 'b']))
    assert DatasetConfig('k', own).classes == ('a', 'b')


@pytest.mark.parametrize('change', [dict(backend_args={}), dict(data_root='s3://d/')])
def test_files_on_a_server_are_not_local(change):
    assert DatasetConfig('k', COCO).is_local
    assert not DatasetConfig('k', dict(COCO, **change)).is_local


def test_evaluator_may_be_a_list():
    one = Config(dict(e=dict(type='A')))
    two = Config(dict(e=[dict(type='A'), dict(type='B')]))
    assert [key for key, _ in iter_evaluators(one, 'e')] == ['e']
    assert [key for key, _ in iter_evaluators(two, 'e')] == ['e.0', 'e.1']
    assert list(iter_evaluators(Config({}), 'e')) == []


@pytest.mark.parametrize(
    ('steps', 'measured', 'expected'),
    [
        ([dict(type='LoadAnnotations', with_mask=True)], 'bbox', True),
        ([dict(type='LoadAnnotations')], ['bbox', 'segm'], True),
        ([dict(type='LoadAnnotations')], 'segm', True),
        ([dict(type='LoadAnnotations', with_mask=False)], ['bbox'], False),
        (None, None, False),
    ],
)
def test_masks_are_needed_where_they_are_read(steps, measured, expected):
    dataset = dict(type='CocoDataset', pipeline=steps)
    cfg = dict(
        val_dataloader=dict(dataset=dataset), val_evaluator=dict(metric=measured)
    )
    loaders = dict(val_dataloader='val_evaluator')
    ((_, needs),) = needed_datasets(Config(cfg), loaders, ())
    assert needs.masks == expected

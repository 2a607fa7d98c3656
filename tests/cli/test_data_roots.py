import copy

import pytest
from mmengine.config import Config

from mmdet_plus.cli.config_loading import apply_options
from mmdet_plus.cli.data_roots import follow_data_root

OLD = 'absent/coco/'


def loader(root, name):
    return dict(dataset=dict(type='CocoDataset', data_root=root, ann_file=name))


@pytest.fixture
def original():
    return Config(
        dict(
            data_root=OLD,
            train_dataloader=loader(OLD, 'train.json'),
            val_dataloader=loader(OLD, 'val.json'),
            test_dataloader=loader(OLD, 'val.json'),
            val_evaluator=dict(type='CocoMetric', ann_file=OLD + 'a/val.json'),
            test_evaluator=[dict(type='CocoMetric', ann_file=OLD + 'a/val.json')],
        )
    )


def follow(original, **options):
    options = {key.replace('__', '.'): value for key, value in options.items()}
    cfg = copy.deepcopy(original)
    apply_options(cfg, options)
    return cfg, follow_data_root(cfg, original, options.keys())


def test_everything_follows_the_training_data(original):
    cfg, lines = follow(original, train_dataloader__dataset__data_root='my')
    assert cfg.val_dataloader.dataset.data_root == 'my'
    assert cfg.test_dataloader.dataset.data_root == 'my'
    assert cfg.val_evaluator.ann_file == 'my/a/val.json'
    assert cfg.test_evaluator[0].ann_file == 'my/a/val.json'
    assert len(lines) == 1
    assert 'val_evaluator.ann_file' in lines[0]


def test_the_variable_data_root_moves_training_too(original):
    cfg, lines = follow(original, data_root='my/')
    assert cfg.train_dataloader.dataset.data_root == 'my/'
    assert cfg.val_evaluator.ann_file == 'my/a/val.json'
    assert len(lines) == 1


def test_what_an_option_set_stays(original):
    cfg, _ = follow(
        original,
        train_dataloader__dataset__data_root='my',
        val_evaluator__ann_file=OLD + 'other.json',
    )
    assert cfg.val_evaluator.ann_file == OLD + 'other.json'
    assert cfg.val_dataloader.dataset.data_root == 'my'


def test_nothing_moves_while_the_old_root_exists(original, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / OLD).mkdir(parents=True)
    cfg, lines = follow(original, train_dataloader__dataset__data_root='my')
    assert cfg.val_dataloader.dataset.data_root == OLD
    assert lines == []


def test_nothing_moves_without_an_override(original):
    cfg, lines = follow(original, train_dataloader__batch_size=4)
    assert cfg.val_evaluator.ann_file == OLD + 'a/val.json'
    assert lines == []


def test_a_neighbour_with_the_same_beginning_stays(original):
    original.val_evaluator.ann_file = 'absent/coco2/val.json'
    cfg, _ = follow(original, train_dataloader__dataset__data_root='my')
    assert cfg.val_evaluator.ann_file == 'absent/coco2/val.json'


def test_training_data_inside_a_wrapper(original):
    inner = original.train_dataloader.dataset
    original.train_dataloader.dataset = dict(
        type='RepeatDataset',
        dataset=dict(type='ConcatDataset', datasets=[inner]),
    )
    key = 'train_dataloader__dataset__dataset__datasets__0__data_root'
    cfg, _ = follow(original, **{key: 'my'})
    assert cfg.val_dataloader.dataset.data_root == 'my'


def test_what_is_below_the_new_root_already_stays(original):
    new = OLD + 'small'
    original.val_evaluator.ann_file = new + '/val.json'
    cfg, _ = follow(original, train_dataloader__dataset__data_root=new)
    assert cfg.val_evaluator.ann_file == new + '/val.json'
    assert cfg.test_evaluator[0].ann_file == new + '/a/val.json'


def test_the_training_data_leads_where_roots_differ(original):
    cfg, _ = follow(
        original,
        train_dataloader__dataset__data_root='my',
        val_dataloader__dataset__data_root='other',
    )
    assert cfg.val_dataloader.dataset.data_root == 'other'
    assert cfg.test_dataloader.dataset.data_root == 'my'

import pytest
from samples.labelled_folders import write_yolo

from mmdet_plus.cli.preflight.dataset_configs import DatasetConfig, Needs
from mmdet_plus.cli.preflight.formats import FORMATS
from mmdet_plus.cli.preflight.formats.folder import check, reads
from mmdet_plus.errors import UserError


@pytest.fixture
def config(tmp_path):
    root = write_yolo(tmp_path / 'data', 'images/{split}', 'names: [cat, dog]\n')
    return dict(type='YOLODataset', data_root=str(root), ann_file='data.yaml')


def dataset(config, **changes):
    return DatasetConfig('train_dataloader.dataset', {**config, **changes})


def test_it_comes_before_the_format_of_the_class_above(config):
    assert next(f for f in FORMATS if f.reads(dataset(config))).reads is reads
    assert not reads(dataset(config, type='CocoDataset'))


def test_good_data_pass(config):
    assert check(dataset(config), Needs()) == []
    assert check(dataset(config, metainfo=dict(classes=('dog',))), Needs()) == []


def test_classes_and_lines_are_checked(config, tmp_path):
    with pytest.raises(UserError, match="'Cat', did you mean 'cat'"):
        check(dataset(config, metainfo=dict(classes=('Cat', 'dog'))), Needs())
    path = tmp_path / 'data/labels/train/b.txt'
    path.write_text('0 3 3 0.1 0.1\n')
    (line,) = check(dataset(config), Needs())
    assert 'b.txt, line 1' in line
    path.write_text('0 3 3\n')
    with pytest.raises(UserError, match='line 1 has 3 numbers'):
        check(dataset(config), Needs())

import json

import pytest
from samples.labelled_folders import (
    coco_content,
    write_coco,
    write_image,
    write_yolo,
)

from mmdet_plus.cli.preflight.dataset_configs import DatasetConfig, Needs
from mmdet_plus.cli.preflight.formats import FORMATS, findings
from mmdet_plus.cli.preflight.formats.folder import check, classes_of_data, reads
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


def test_it_is_told_if_a_part_of_the_images_was_looked_at(config, monkeypatch):
    monkeypatch.setattr(findings, 'MOST_LOOKED_AT', 2)
    (line,) = check(dataset(config), Needs())
    assert line == 'train_dataloader.dataset: 2 of 3 images were looked at'


def test_images_are_looked_at(config, tmp_path):
    write_image(tmp_path / 'data/images/train/a.jpg', (30, 20))
    config = dict(config, type='COCOFolderDataset', ann_file='a.json')
    config['data_prefix'] = dict(img='images/train')
    (tmp_path / 'data/a.json').write_text(json.dumps(coco_content(('a', 'b', 'c'))))
    with pytest.raises(UserError, match=r'a\.jpg is 30 x 20, said 40 x 20'):
        check(dataset(config), Needs())
    (tmp_path / 'data/images/train/b.jpg').unlink()
    with pytest.raises(UserError, match=r'b\.jpg cannot be read'):
        check(dataset(config), Needs())


def test_classes_of_a_split_alone(config, tmp_path):
    root = write_coco(tmp_path / 'coco', '{split}.json', '{split}')
    content = coco_content(('d', 'e'))
    content['categories'].pop()
    (root / 'val.json').write_text(json.dumps(content))
    found = {}
    for name in ('train', 'val'):
        own = dict(type='COCOFolderDataset', data_root=str(root))
        own |= dict(ann_file=f'{name}.json', data_prefix=dict(img=name))
        found[name] = classes_of_data(DatasetConfig(name, own))
    assert found == dict(train=('cat', 'dog'), val=('cat',))

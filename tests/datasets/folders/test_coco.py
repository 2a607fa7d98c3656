import json
import os
from pathlib import Path

import pytest
from samples.labelled_folders import coco_content, write_coco, write_image

from mmdet_plus.datasets.folders import coco, recognise


def test_lvis_names_images_by_their_address(tmp_path):
    (tmp_path / 'annotations').mkdir()
    for split, names in dict(train=('a', 'b'), val=('c',)).items():
        content = coco_content(names)
        for image in content['images']:
            name = f'{split}2017/{image.pop("file_name")}'
            image['coco_url'] = f'http://images.cocodataset.org/{name}'
            write_image(tmp_path / name)
        path = tmp_path / f'annotations/lvis_v1_{split}.json'
        path.write_text(json.dumps(content))
    data = recognise(str(tmp_path))
    images = data.dataset('train').content()['images']
    assert [i['file_name'] for i in images] == ['train2017/a.jpg', 'train2017/b.jpg']
    assert data.splits['val']['data_prefix'] == dict(img='')


def test_files_are_parsed_once_until_they_change(tmp_path, monkeypatch):
    write_coco(tmp_path, '{split}.json', '{split}')
    path = str(tmp_path / 'train.json')
    texts = []
    parse = json.loads
    monkeypatch.setattr(json, 'loads', lambda text: texts.append(text) or parse(text))
    first = coco.read_json(path)
    first['images'][0]['file_name'] = 'changed'
    first['categories'].clear()
    again = coco.read_json(path)
    assert again['images'][0]['file_name'] == 'a.jpg'
    assert len(again['categories']) == 2
    assert len(texts) == 1
    os.utime(path, (1, 1))
    coco.read_json(path)
    coco.forget_files()
    coco.read_json(path)
    assert len(texts) == 3


@pytest.mark.parametrize(
    ('path', 'split'),
    [
        ('annotations/instances_train2017.json', 'train'),
        ('annotations/instances_minival2014.json', 'val'),
        ('annotations/instances_trainval.json', 'train'),
        ('valid/_annotations.coco.json', 'val'),
        ('testing/labels.json', 'test'),
        ('train/instances_val.json', 'val'),
        ('annotations/retrain.json', None),
        ('annotations/contest.json', None),
    ],
)
def test_splits_are_words_of_the_name_or_else_of_the_folders(path, split):
    assert coco.split_of(Path(path)) == split


def test_files_of_other_tasks_are_passed_over(tmp_path):
    root = write_coco(tmp_path / 'data', 'annotations/{split}.json', '{split}')
    text = (root / 'annotations/train.json').read_text()
    for task in ('captions', 'person_keypoints', 'stuff', 'panoptic', 'image_info'):
        (root / f'annotations/{task}_train.json').write_text(text)
    data = recognise(str(root))
    assert data.splits['train']['ann_file'] == 'annotations/train.json'
    assert data.remarks == ()

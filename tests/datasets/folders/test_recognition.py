import json
from pathlib import Path

import pytest
from samples.labelled_folders import (
    NAMES,
    OBJECTS,
    SPLITS,
    coco_content,
    voc_xml,
    write_coco,
    write_image,
    write_voc,
    write_yolo,
)

from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError

YAML = 'names: [cat, dog]\n'
STATED = 'train: images/train\nval: images/val\n' + YAML
LAYOUTS = {
    'coco': lambda root: write_coco(
        root, 'annotations/instances_{split}2017.json', '{split}2017'
    ),
    'coco images folder': lambda root: write_coco(
        root, 'annotations/{split}.json', 'images/{split}'
    ),
    'coco one image folder': lambda root: write_coco(
        root, 'annotations/{split}.json', 'images'
    ),
    'coco roboflow': lambda root: write_coco(
        root, '{split}/_annotations.coco.json', '{split}'
    ),
    'coco beside': lambda root: write_coco(root, '{split}.json', ''),
    'voc': write_voc,
    'voc below': lambda root: write_voc(root / 'VOC2007') and root,
    'yolo': lambda root: write_yolo(root, 'images/{split}', STATED),
    'yolo split first': lambda root: write_yolo(
        root, '{split}/images', 'train: ../train/images\nval: ../val/images\n' + YAML
    ),
    'yolo absolute': lambda root: write_yolo(
        root, 'images/{split}', 'path: {root}\n' + STATED
    ),
    'yolo path of another machine': lambda root: write_yolo(
        root, 'images/{split}', 'path: /nowhere/data\n' + STATED
    ),
    'yolo no paths': lambda root: write_yolo(root, 'images/{split}', YAML),
    'yolo numbered names': lambda root: write_yolo(
        root, 'images/{split}', 'nc: 2\nnames:\n  0: cat\n  1: dog\n'
    ),
}


def objects(data, split):
    """Name of the image, class and corners of each object, as they are trained on."""
    dataset = data.dataset(split)
    content = dataset.ground_truth()
    names = {i['id']: i['file_name'].split('/')[-1][:-4] for i in content['images']}
    return [
        (names[a['image_id']], a['category_id'] - 1, tuple(a['bbox']))
        for a in content['annotations']
    ]


@pytest.mark.parametrize('name', LAYOUTS)
def test_every_layout_gives_the_same_objects(tmp_path, name):
    data = recognise(str(LAYOUTS[name](tmp_path / 'data')))
    assert data.format == name.split()[0].upper()
    assert data.classes == NAMES
    for split, images in SPLITS.items():
        expected = [
            (image, label, (x1, y1, x2 - x1, y2 - y1))
            for image in images
            for label, (x1, y1, x2, y2) in OBJECTS[image]
        ]
        assert objects(data, split) == expected
        dataset = data.dataset(split)
        dataset.full_init()
        assert len(dataset) == len(images)
        infos = [dataset.get_data_info(index) for index in range(len(dataset))]
        assert [Path(info['img_path']).stem for info in infos] == list(images)
        assert all(Path(info['img_path']).is_file() for info in infos)


def without_split(root, name):
    if name == 'voc':
        return write_voc(root, with_sets=False)
    for image in OBJECTS:
        write_image(root / f'{image}.jpg')
        if name == 'voc beside':
            (root / f'{image}.xml').write_text(voc_xml(image))
    if name == 'coco':
        (root / 'labels.json').write_text(json.dumps(coco_content(tuple(OBJECTS))))
    return root


@pytest.mark.parametrize('name', ['voc', 'voc beside', 'coco'])
def test_validation_is_held_out_alike(tmp_path, name):
    folder = str(without_split(tmp_path / 'data', name))
    data = recognise(folder, val_fraction=0.4, split_seed=3)
    assert '0.4 of the images' in data.remarks[0]
    parts = [data.dataset(split).ground_truth()['images'] for split in ('train', 'val')]
    stems = [{image['file_name'].split('/')[-1][:-4] for image in p} for p in parts]
    assert stems[0] | stems[1] == set(OBJECTS)
    assert not stems[0] & stems[1]
    assert stems[1] == {'a', 'e'}
    other = recognise(folder, val_fraction=0.4, split_seed=4).dataset('val')
    assert len(other.ground_truth()['images']) == 2


def test_a_fraction_is_not_asked_for_twice(tmp_path):
    with pytest.raises(UserError, match='have a validation split already'):
        recognise(str(write_voc(tmp_path / 'data')), val_fraction=0.5)


def test_order_of_the_classes_is_obeyed(tmp_path):
    data = recognise(str(LAYOUTS['coco'](tmp_path / 'data')))
    turned = data.with_classes(('dog', 'cat'))
    names = dict(enumerate(('dog', 'cat')))
    assert [(image, names[label]) for image, label, _ in objects(turned, 'train')] == [
        (image, NAMES[label]) for image, label, _ in objects(data, 'train')
    ]
    assert len(objects(data.with_classes(('dog',)), 'train')) == 2


def test_other_folders_are_refused(tmp_path):
    with pytest.raises(UserError, match='absent does not exist'):
        recognise(str(tmp_path / 'absent'))
    (tmp_path / 'file').write_text('')
    with pytest.raises(UserError, match='is a file, not a folder'):
        recognise(str(tmp_path / 'file'))
    with pytest.raises(UserError, match='no labelled images; what is recognised'):
        recognise(str(tmp_path))


def test_classes_of_voc_data_have_the_order_of_their_list(tmp_path):
    root = write_voc(tmp_path / 'data')
    (root / 'classes.txt').write_text('dog\ncat\nbird\n')
    assert recognise(str(root)).classes == ('dog', 'cat', 'bird')


def test_parents_of_categories_are_no_classes(tmp_path):
    root = LAYOUTS['coco'](tmp_path / 'data')
    for path in (root / 'annotations').iterdir():
        content = json.loads(path.read_text())
        content['categories'] = [
            dict(id=0, name='animal', supercategory='none'),
            *(dict(item, supercategory='animal') for item in content['categories']),
        ]
        path.write_text(json.dumps(content))
    assert recognise(str(root)).classes == NAMES

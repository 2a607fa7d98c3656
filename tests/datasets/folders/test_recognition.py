import json
import shutil
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


def renamed(root, old, new):
    (root / old).rename(root / new)
    return root


def with_yaml(root, text):
    (root / 'data.yaml').write_text(text)
    return root


def with_lists(root, line):
    for split, names in SPLITS.items():
        lines = [line.format(root=root, split=split, name=name) for name in names]
        (root / f'{split}_list.txt').write_text('\n'.join(lines) + '\n\n')
    text = 'train: train_list.txt\nval: val_list.txt\n'
    return with_yaml(root, text + YAML)


def voc_of_splits(root, annotations, images):
    for split, names in SPLITS.items():
        (root / split / annotations).mkdir(parents=True)
        for name in names:
            write_image(root / split / images / f'{name}.jpg')
            (root / split / annotations / f'{name}.xml').write_text(voc_xml(name))
    return root


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
    'coco valid': lambda root: renamed(
        write_coco(root, '{split}/_annotations.coco.json', '{split}'), 'val', 'valid'
    ),
    'coco fiftyone': lambda root: write_coco(
        root, '{split}/labels.json', '{split}/data'
    ),
    'coco images of splits': lambda root: write_coco(
        root, 'annotations/instances_{split}.json', '{split}/images'
    ),
    'coco images below the files': lambda root: write_coco(
        root, '{split}/labels.json', '{split}/images'
    ),
    'voc': write_voc,
    'voc below': lambda root: write_voc(root / 'VOC2007') and root,
    'voc fiftyone': lambda root: voc_of_splits(root, 'labels', 'data'),
    'voc of splits': lambda root: voc_of_splits(root, 'Annotations', 'images'),
    'yolo valid': lambda root: renamed(
        write_yolo(root, '{split}/images', YAML), 'val', 'valid'
    ),
    'yolo stated valid': lambda root: renamed(
        write_yolo(
            root,
            '{split}/images',
            'train: ../train/images\nval: ../valid/images\n' + YAML,
        ),
        'val',
        'valid',
    ),
    'yolo relative path': lambda root: with_yaml(
        write_yolo(root / 'sub', 'images/{split}', YAML).parent, 'path: sub\n' + STATED
    ),
    'yolo lists': lambda root: with_lists(
        write_yolo(root, 'images/{split}', YAML), './images/{split}/{name}.jpg'
    ),
    'yolo absolute lists': lambda root: with_lists(
        write_yolo(root, 'images/{split}', YAML), '{root}/images/{split}/{name}.jpg'
    ),
    'yolo beside': lambda root: write_yolo(
        root, '{split}', 'train: train\nval: val\n' + YAML
    ),
    'yolo beside, no paths': lambda root: write_yolo(root, '{split}', YAML),
    'yolo list of folders': lambda root: write_yolo(
        root, 'images/{split}', 'train: [images/train]\nval:\n- images/val\n' + YAML
    ),
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


@pytest.mark.parametrize('flag', ['val_fraction', 'split_seed'])
def test_a_division_is_not_asked_for_twice(tmp_path, flag):
    message = f'--{flag.replace("_", "-")}: .* have a validation split already'
    with pytest.raises(UserError, match=message):
        recognise(str(write_voc(tmp_path / 'data')), **{flag: 0})


def stems_of(data):
    return {
        split: {
            i['file_name'][:-4] for i in data.dataset(split).ground_truth()['images']
        }
        for split in data.splits
    }


@pytest.mark.parametrize(
    ('folder', 'names'),
    [
        ('ImageSets/Main', ('training', 'validation')),
        ('ImageSets', ('train', 'val')),
        ('.', ('Train', 'valid')),
        ('ImageSets/Main', ('trainval', 'val')),
    ],
)
def test_sets_of_voc_under_other_names(tmp_path, folder, names):
    root = write_voc(tmp_path / 'data', with_sets=False)
    (root / folder).mkdir(parents=True, exist_ok=True)
    first = 'a\nb\nc\nd\ne\n' if 'trainval' in names else 'a\nb\nc\n'
    (root / folder / f'{names[0]}.txt').write_text(first)
    (root / folder / f'{names[1]}.txt').write_text('d\ne\n')
    data = recognise(str(root))
    assert stems_of(data) == dict(train={*'abc'}, val={*'de'})
    assert data.remarks == ()


def test_sets_of_voc_may_name_images(tmp_path):
    root = write_voc(tmp_path / 'data', with_sets=False)
    (root / 'JPEGImages/b.jpg').rename(root / 'JPEGImages/b.png.jpg')
    (root / 'Annotations/b.xml').rename(root / 'Annotations/b.png.xml')
    (root / 'trainval.txt').write_text('a.jpg\nb.png\nc.JPG 1\nd\ne.jpg\n')
    (root / 'val.txt').write_text('d.jpg\ne\n')
    assert stems_of(recognise(str(root))) == dict(
        train={'a', 'b.png', 'c'}, val={*'de'}
    )


def test_trainval_of_voc_is_divided_beside_a_test_split(tmp_path):
    root = write_voc(tmp_path / 'data')
    (root / 'ImageSets/Main/train.txt').rename(root / 'ImageSets/Main/trainval.txt')
    (root / 'ImageSets/Main/val.txt').rename(root / 'ImageSets/Main/test.txt')
    stems = stems_of(recognise(str(root)))
    assert stems['test'] == {*'de'}
    assert stems['train'] | stems['val'] == {*'abc'}
    assert len(stems['val']) == 1


def test_a_file_of_no_split_is_divided_beside_a_test_split(tmp_path):
    root = write_coco(tmp_path / 'data', 'annotations/{split}.json', '{split}')
    for old, new in (('train', 'annotations'), ('val', 'test')):
        (root / f'annotations/{old}.json').rename(root / f'annotations/{new}.json')
    (root / 'train').rename(root / 'images')
    (root / 'val').rename(root / 'test')
    stems = stems_of(recognise(str(root)))
    assert stems['test'] == {*'de'}
    assert stems['train'] | stems['val'] == {*'abc'}


def test_sets_of_voc_that_tell_no_split_are_told(tmp_path):
    root = write_voc(tmp_path / 'data')
    for split in ('train', 'val'):
        path = root / f'ImageSets/Main/{split}.txt'
        path.rename(path.with_name(f'cat_{split}.txt'))
    remarks = recognise(str(root)).remarks
    assert '2 lists of images are passed over' in ' '.join(remarks)
    assert 'ImageSets/Main/cat_train.txt' in ' '.join(remarks)


@pytest.mark.parametrize(
    ('name', 'other', 'is_taken'),
    [
        ('cats', 'photos/old/x.jpg', False),
        ('cats', 'photos/notes.txt', True),
        ('cats', 'logo.jpg', True),
        ('VOC2012', 'photos/x.jpg', True),
        ('my_VOC2012', 'photos/x.jpg', False),
        ('train', 'test/x.jpg', True),
    ],
)
def test_one_folder_of_voc_beside_others(tmp_path, name, other, is_taken):
    root = write_voc(tmp_path / 'data' / name).parent
    write_image(root / other) if other.endswith('.jpg') else (root / 'photos').mkdir()
    if is_taken:
        assert stems_of(recognise(str(root))) == dict(train={*'abc'}, val={*'de'})
        return
    message = f'{root} is no labelled data itself, but below it .* give {root}/{name}$'
    with pytest.raises(UserError, match=message):
        recognise(str(root))


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


STRAY = ['{"images": 3}', '{"images": ["logo.png"]}', '{"annotations": [{"a": 1}]}']


@pytest.mark.parametrize('text', STRAY)
@pytest.mark.parametrize('place', ['package.json', 'runs/metrics.json'])
def test_other_json_files_are_no_coco(tmp_path, text, place):
    yolo = write_yolo(tmp_path / 'yolo', 'images/{split}', YAML)
    voc = write_voc(tmp_path / 'voc')
    for root in (yolo, voc):
        (root / place).parent.mkdir(exist_ok=True)
        (root / place).write_text(text)
    (voc / 'Annotations/notes.json').write_text(text)
    assert [recognise(str(root)).format for root in (yolo, voc)] == ['YOLO', 'VOC']


def test_yolo_with_a_coco_file_of_one_split(tmp_path):
    root = write_yolo(tmp_path / 'data', 'images/{split}', YAML)
    (root / 'annotations').mkdir()
    path = root / 'annotations/instances_val2017.json'
    path.write_text(json.dumps(coco_content(SPLITS['val'])))
    data = recognise(str(root))
    assert data.format == 'YOLO'
    assert 'what is there in COCO format is left out: only val' in data.remarks


def test_a_list_of_names_alone_is_no_yolo(tmp_path):
    root = voc_of_splits(tmp_path / 'data', 'Annotations', 'images')
    (root / 'classes.txt').write_text('dog\ncat\n')
    data = recognise(str(root))
    assert (data.format, data.classes) == ('VOC', ('dog', 'cat'))


@pytest.mark.parametrize('text', ['{"images": [], "annotations": []}', '{', 'images'])
def test_a_broken_test_split_does_not_stop_a_training(tmp_path, text):
    root = write_coco(tmp_path / 'data', 'annotations/{split}.json', '{split}')
    (root / 'annotations/test.json').write_text(text)
    data = recognise(str(root))
    assert set(data.splits) == {'train', 'val'}
    assert 'the test split is left out: annotation file' in data.remarks[0]
    with pytest.raises(UserError, match=r'test\.json'):
        recognise(str(root), needed=('test', 'val'))


def test_a_test_list_without_xml_does_not_stop_a_training(tmp_path):
    root = write_voc(tmp_path / 'data')
    (root / 'ImageSets/Main/test.txt').write_text('f\n')
    data = recognise(str(root))
    assert set(data.splits) == {'train', 'val'}
    assert 'the test split is left out: annotation file' in data.remarks[0]


def test_what_a_test_needs_not_may_be_absent(tmp_path):
    root = write_yolo(tmp_path / 'data', 'images/{split}', STATED)
    shutil.rmtree(root / 'images/train')
    with pytest.raises(UserError, match='says train: images/train, which is not there'):
        recognise(str(root))
    data = recognise(str(root), needed=('test', 'val'))
    assert set(data.splits) == {'val'}

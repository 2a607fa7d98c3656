"""Broken input gives one message that names file, line and remedy."""

import json

import pytest
from samples.labelled_folders import (
    SPLITS,
    edit,
    voc_xml,
    write_coco,
    write_image,
    write_yolo,
)

from mmdet_plus.datasets.checking import examine
from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError


def edit_json(path, change):
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))


@pytest.fixture
def yolo(tmp_path):
    return write_yolo(tmp_path / 'data', 'images/{split}', 'names: [cat, dog]\n')


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('0 0.5 0.5 0.1', r'b\.txt, line 1 has 4 numbers; a box is'),
        ('0 0.5 0.5 0.1 0.1 0.1', r'line 1 has 6 numbers'),
        ('0 0.5 0.5 0.1 x', 'are not all numbers'),
        ('0,0.5,0.5,0.1,0.1', 'are not all numbers; write .* between spaces'),
        ('cat 0.5 0.5 0.1 0.1', 'not all numbers; write the number of the class'),
        ('0 0.5 0.5 0.1 0.1 0.9', 'has 6 numbers.*; take confidences'),
        ('2 0.5 0.5 0.1 0.1', 'class 2 is not one of 0 to 1'),
        ('0.5 0.5 0.5 0.1 0.1', r'class 0\.5 is not'),
        ('-1 0.5 0.5 0.1 0.1', 'class -1 is not'),
        ('0 0.5 nan 0.1 0.1', 'are not all finite'),
        ('0 0.1 0.1 0.2 nan 0.3 0.3', 'are not all finite'),
        ('nan 0.5 0.5 0.1 0.1', 'are not all finite'),
    ],
)
def test_lines_of_yolo(yolo, line, message):
    (yolo / 'labels/train/b.txt').write_text(f'{line}\n')
    with pytest.raises(UserError, match=message):
        recognise(str(yolo))


def test_labels_of_yolo_in_pixels(yolo):
    for name in 'ab':
        (yolo / f'labels/train/{name}.txt').write_text('0 20 10 8 4\n')
    with pytest.raises(
        UserError, match=r'a\.txt, line 1: .* from 0 to 1; 2 of 3 are far above'
    ):
        recognise(str(yolo))
    (yolo / 'labels/train/a.txt').write_text('0 0.5 0.5 0.2 0.2\n')
    found = examine(recognise(str(yolo)), pixels=False)
    assert found.errors == []
    assert any('1 boxes outside' in line for line in found.warnings)


@pytest.mark.parametrize('line', ['0 0.5 4.5 0.1 0.1', '0 4.5 0.5 0.1 0.1'])
def test_one_side_in_pixels_is_enough(yolo, line):
    for name in 'abc':
        (yolo / f'labels/train/{name}.txt').write_text(line)
    with pytest.raises(UserError, match='3 of 3 are far above'):
        recognise(str(yolo))


def test_yolo_without_any_label(yolo):
    for path in (yolo / 'labels/train').iterdir():
        path.unlink()
    with pytest.raises(UserError, match='none of the 3 images'):
        recognise(str(yolo))


def test_yolo_polygons_have_tight_boxes(yolo):
    (yolo / 'labels/train/b.txt').write_text('1 0.1 0.2 0.5 0.2 0.5 0.6\n')
    content = recognise(str(yolo)).dataset('train').ground_truth()
    (item,) = [a for a in content['annotations'] if a['image_id'] == 2]
    assert item['bbox'] == [4, 4, 16, 8]
    assert item['area'] == 64
    assert item['segmentation'] == [[4, 4, 20, 4, 20, 12]]


@pytest.mark.parametrize('layout', ['beside', 'split first', 'split last'])
def test_one_split_of_voc_that_counts_from_0_decides_for_all(tmp_path, layout):
    root = tmp_path / 'data'
    for split, names in SPLITS.items():
        folder = {
            'beside': (f'{split}', f'{split}'),
            'split first': (f'{split}/Annotations', f'{split}/JPEGImages'),
            'split last': (f'Annotations/{split}', f'JPEGImages/{split}'),
        }[layout]
        for name in names:
            write_image(root / folder[1] / f'{name}.jpg')
            (root / folder[0]).mkdir(parents=True, exist_ok=True)
            text = voc_xml(name)
            text = text.replace('>1<', '>0<') if name == 'e' else text
            text = text.replace('>2<', '>0<') if name == 'b' else text
            (root / folder[0] / f'{name}.xml').write_text(text)
    data = recognise(str(root))
    assert [data.splits[split]['first_pixel'] for split in SPLITS] == [0, 0]
    content = data.dataset('train').ground_truth()
    assert content['annotations'][0]['bbox'] == [5, 3, 9, 9]
    assert [i['file_name'] for i in content['images']] == ['a.jpg', 'b.jpg', 'c.jpg']


@pytest.fixture
def coco(tmp_path):
    return write_coco(tmp_path / 'data', 'annotations/{split}.json', '{split}')


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda c: c.pop('categories'), "has no list 'categories'"),
        (lambda c: c['annotations'][1].pop('bbox'), r'annotations\[1\] lacks bbox'),
        (lambda c: c['images'][1].pop('file_name'), r'images\[1\] lacks file_name'),
        (lambda c: c['images'].clear(), 'lists no images'),
        (lambda c: [i.update(file_name='x.jpg') for i in c['images']], 'is in none of'),
        (
            lambda c: c['images'][1].update(file_name=None),
            r'images\[1\]: file_name must',
        ),
        (
            lambda c: c['images'][1].update(file_name=['b.jpg']),
            r"must be a text, got \['b",
        ),
        (lambda c: c['images'][1].update(id=None), r'images\[1\]: id must be'),
        (
            lambda c: c['images'][1].update(id=[2]),
            r'id must be a number or a text, got',
        ),
        (lambda c: c['images'][1].update(width='40'), r"width must be .*, got '40'"),
        (lambda c: c['images'][1].update(height=0), 'height must be a number above 0'),
        (
            lambda c: c['annotations'][2].update(image_id={}),
            r'annotations\[2\]: image_id',
        ),
        (lambda c: c['annotations'][2].update(category_id=None), 'category_id must be'),
        (lambda c: c['categories'][1].update(id=[1]), r'categories\[1\]: id must be'),
        (lambda c: c['categories'][1].update(name=['dog']), r'categories\[1\]: name'),
        (lambda c: c['images'][1].update(file_name='a\0.jpg'), 'file_name must be'),
        (lambda c: c['images'][1].update(width=10**400), 'width must be a number'),
        (lambda c: c.update(images={}), "has no list 'images'"),
        (lambda c: c['images'].append('a.jpg'), r'images\[3\] lacks file_name, id'),
    ],
)
def test_files_of_coco(coco, change, message):
    edit_json(coco / 'annotations/train.json', change)
    with pytest.raises(UserError, match=message):
        recognise(str(coco))


def test_cut_json(coco):
    edit(coco / 'annotations/train.json', lambda text: text[:-9])
    with pytest.raises(UserError, match=r'train\.json is not valid JSON: .*line 1'):
        recognise(str(coco))


def test_what_coco_files_leave_out_is_worked_out(coco):
    def strip(content):
        for image in content['images']:
            del image['width'], image['height']
        for item in content['annotations']:
            del item['area'], item['iscrowd'], item['id']

    before = recognise(str(coco)).dataset('train').ground_truth()
    edit_json(coco / 'annotations/train.json', strip)
    after = recognise(str(coco)).dataset('train').ground_truth()
    assert after == before


def test_boxes_of_texts_and_null_are_left_to_the_check_of_objects(coco):
    def spoil(content):
        content['annotations'][0]['bbox'] = ['1', '2', '3', '4']
        del content['annotations'][0]['area']
        for key in ('area', 'iscrowd'):
            content['annotations'][1][key] = None
        content['images'][0].update(width=None, height=None)

    edit_json(coco / 'annotations/train.json', spoil)
    found = examine(recognise(str(coco)), pixels=False)
    (error,) = found.errors
    assert '1 objects whose bbox is not four' in error
    assert 'train.json, annotations[0]' in error
    content = found.contents['train']
    assert content['annotations'][0]['area'] == 300
    assert len(content['annotations']) == 3
    assert content['images'][0]['width'] == 40


@pytest.mark.parametrize('text', ['', '[]', '3', '\n', '{"info": {}}', '[' * 100000])
@pytest.mark.parametrize('name', ['train', 'instances_train2017', '_annotations.coco'])
def test_files_named_like_annotations_must_be_some(coco, text, name):
    path = coco / f'annotations/{name}.json'
    (coco / 'annotations/train.json').unlink()
    path.write_text(text)
    with pytest.raises(UserError, match=rf'annotation file .*{name}\.json is not'):
        recognise(str(coco))


def test_folders_and_links_that_are_named_like_files(coco):
    (coco / 'annotations/test.json').mkdir()
    assert set(recognise(str(coco)).splits) == {'train', 'val'}
    (coco / 'annotations/train.json').unlink()
    (coco / 'annotations/train.json').symlink_to('/nowhere/train.json')
    with pytest.raises(UserError, match=r'train\.json cannot be read: No such file'):
        recognise(str(coco))


def test_paths_of_windows(coco):
    def spoil(content):
        for image in content['images']:
            image['file_name'] = 'train\\' + image['file_name']

    edit_json(coco / 'annotations/train.json', spoil)
    images = recognise(str(coco)).dataset('train').ground_truth()['images']
    assert [i['file_name'] for i in images] == [f'train/{name}.jpg' for name in 'abc']


def test_a_file_of_no_split_is_told(coco):
    text = (coco / 'annotations/val.json').read_text()
    (coco / 'annotations/notes.json').write_text(text)
    for path in (coco / 'val').iterdir():
        write_image(coco / path.name)
    (remark, *_) = recognise(str(coco)).remarks
    assert remark.startswith('annotations/notes.json is left out')


def test_two_files_of_one_split(coco):
    (coco / 'annotations/train2.json').write_text(
        (coco / 'annotations/train.json').read_text()
    )
    with pytest.raises(UserError, match="two annotation files for the split 'train'"):
        recognise(str(coco))


def test_classes_of_coco_that_are_numbers_are_names(tmp_path):
    root = write_coco(tmp_path / 'data', 'annotations/{split}.json', '{split}')
    for split in ('train', 'val'):
        edit_json(
            root / f'annotations/{split}.json',
            lambda content: content['categories'][0].update(name=7),
        )
    data = recognise(str(root))
    assert list(data.classes) == ['7', 'dog']
    kept = data.dataset('train').ground_truth()['annotations']
    assert [item['category_id'] for item in kept].count(1) == 2


def test_classes_of_coco_without_a_text_are_refused(tmp_path):
    root = write_coco(tmp_path / 'data', 'annotations/{split}.json', '{split}')
    edit_json(
        root / 'annotations/train.json',
        lambda content: content['categories'][0].update(name=None),
    )
    with pytest.raises(
        UserError, match=r'categories\[0\]: name must be a text, got None'
    ):
        recognise(str(root))


def test_coordinates_of_yolo_are_rounded_to_hundredths(yolo):
    (yolo / 'labels/train/b.txt').write_text('1 0.5004 0.5 0.5 0.300321\n')
    content = recognise(str(yolo)).dataset('train').ground_truth()
    (item,) = [a for a in content['annotations'] if a['image_id'] == 2]
    assert item['bbox'] == pytest.approx([10.02, 7, 20, 6], abs=1e-9)


def test_a_file_of_coco_without_split_must_be_whole(coco):
    for split in ('train', 'val'):
        (coco / f'annotations/{split}.json').rename(coco / f'annotations/{split}.txt')
    edit_json(coco / 'annotations/train.txt', lambda c: c['images'][0].pop('id'))
    (coco / 'annotations/train.txt').rename(coco / 'annotations/instances.json')
    with pytest.raises(UserError, match=r'images\[0\] lacks id'):
        recognise(str(coco))


def test_first_images_of_coco_may_be_absent(coco):
    (coco / 'train/a.jpg').unlink()
    assert recognise(str(coco)).splits['train']['data_prefix'] == dict(img='train')


def test_lists_of_other_things_than_images(yolo):
    (yolo / 'list.txt').write_text('images/train/a.jpg\n\nnames: [cat]\n')
    edit(yolo / 'data.yaml', lambda text: text + '\ntrain: list.txt\n')
    with pytest.raises(
        UserError, match=r"list\.txt, line 3: 'names: \[cat\]' is no im"
    ):
        recognise(str(yolo))

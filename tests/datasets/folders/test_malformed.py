"""Broken input gives one message that names file, line and remedy."""

import json

import pytest
from samples.labelled_folders import write_coco, write_voc, write_yolo

from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError


def edit(path, change):
    path.write_text(change(path.read_text()))


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
        ('2 0.5 0.5 0.1 0.1', 'class 2 is not one of 0 to 1'),
        ('0.5 0.5 0.5 0.1 0.1', r'class 0\.5 is not'),
        ('-1 0.5 0.5 0.1 0.1', 'class -1 is not'),
    ],
)
def test_lines_of_yolo(yolo, line, message):
    (yolo / 'labels/train/b.txt').write_text(f'{line}\n')
    with pytest.raises(UserError, match=message):
        recognise(str(yolo))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('names: [cat, dog\ntrain: x', r'data\.yaml, line 2 is not valid YAML'),
        ('names: [cat, dog]\nnc: 3', 'nc is 3, but there are 2 names'),
        ('names: {1: cat, 2: dog}', 'must be numbered 0 to 1, got 1, 2'),
        ('nc: 2', 'has no names'),
        ('- cat', 'must be a table'),
        ('names: [cat, dog]\ntrain: photos', 'train: photos, which is not there'),
        (
            'names: [cat, dog]\ntrain: [images/train, images/more]',
            'train: images/more, which is not there',
        ),
        ('!!python/object/apply:os.system [ls]', 'is not valid YAML'),
    ],
)
def test_descriptions_of_yolo(yolo, text, message):
    (yolo / 'data.yaml').write_text(text)
    with pytest.raises(UserError, match=message):
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


@pytest.fixture
def voc(tmp_path):
    return write_voc(tmp_path / 'data')


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('<name>dog</name>', '', r'b\.xml, object\[0\] has no name'),
        ('<xmax>11</xmax>', '', r'object\[0\] lacks bndbox/xmax'),
        ('<xmax>11<', '<xmax>eleven<', "xmax must be a number, got 'eleven'"),
        ('</annotation>', '', r'b\.xml is not valid XML: .*line 4'),
    ],
)
def test_files_of_voc(voc, old, new, message):
    edit(voc / 'Annotations/b.xml', lambda text: text.replace(old, new))
    with pytest.raises(UserError, match=message):
        recognise(str(voc))


def test_absent_files_of_voc(voc):
    (voc / 'JPEGImages/b.jpg').rename(voc / 'JPEGImages/z.jpg')
    with pytest.raises(UserError, match=r'b\.xml: its image .*b\.jpg does not exist'):
        recognise(str(voc))
    (voc / 'Annotations/b.xml').unlink()
    with pytest.raises(UserError, match=r'b\.xml, for a line of .*train\.txt'):
        recognise(str(voc))


def test_voc_from_tools_that_count_from_0(voc):
    edit(voc / 'Annotations/e.xml', lambda text: text.replace('>1<', '>0<'))
    data = recognise(str(voc))
    assert data.splits['train']['first_pixel'] == 0
    content = data.dataset('train').ground_truth()
    assert content['annotations'][0]['bbox'] == [5, 3, 9, 9]


def test_difficult_objects_of_voc_are_ignored_as_crowds(voc):
    edit(
        voc / 'Annotations/b.xml',
        lambda text: text.replace('<bndbox>', '<difficult>1</difficult><bndbox>'),
    )
    content = recognise(str(voc)).dataset('train').ground_truth()
    assert [item['iscrowd'] for item in content['annotations']] == [0, 0, 1, 0]


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
    with pytest.raises(UserError, match=r'categories\[0\] has the name None'):
        recognise(str(root))


def test_a_list_of_classes_that_lacks_one_is_refused(tmp_path):
    root = write_voc(tmp_path / 'data')
    (root / 'classes.txt').write_text('dog\n')
    with pytest.raises(UserError, match='the list of classes lacks cat'):
        recognise(str(root))

import json
import shutil

import pytest
from samples.labelled_folders import write_coco, write_voc, write_yolo

from mmdet_plus.datasets.checking import examine, refuse_errors
from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError


@pytest.fixture
def folder(tmp_path):
    return write_yolo(tmp_path / 'data', 'images/{split}', 'names: [cat, dog]\n')


def test_a_class_that_a_split_lacks_is_told(folder):
    examination = examine(recognise(str(folder)))
    assert examination.errors == []
    assert examination.warnings == ['splits: val has no object of dog']
    refuse_errors(examination, 'look')


@pytest.mark.parametrize('pixels', [True, False])
def test_the_same_image_in_two_splits(folder, pixels):
    shutil.copy(folder / 'images/train/a.jpg', folder / 'images/val/e.jpg')
    examination = examine(recognise(str(folder)), pixels=pixels)
    (line,) = examination.errors
    assert line.startswith('splits: 1 images are in train and in val')
    with pytest.raises(UserError) as caught:
        refuse_errors(examination, 'look at')
    first, second, third = str(caught.value).splitlines()
    assert first == f'{folder} cannot be used as it is:'
    assert second.strip() == line
    assert third == f'look at {folder} shows more'


def test_all_broken_images_are_named_at_once(folder):
    for name in 'ab':
        (folder / f'images/train/{name}.jpg').write_bytes(b'x')
    (line,) = examine(recognise(str(folder)), splits=['train'], pixels=False).errors
    assert '2 images cannot be read' in line
    assert 'a.jpg' in line
    assert 'b.jpg' in line


def test_errors_name_file_and_line(folder):
    (folder / 'labels/train/b.txt').write_text('0 0.5 0.5 0.1 0.1\n0 0.5 0.5 0.1\n')
    with pytest.raises(UserError, match=r'b\.txt, line 2 has 4 numbers'):
        recognise(str(folder))


def test_voc_boxes_outside(tmp_path):
    root = write_voc(tmp_path / 'data')
    path = root / 'Annotations' / 'b.xml'
    path.write_text(path.read_text().replace('<xmax>11<', '<xmax>90<'))
    examination = examine(recognise(str(root)), pixels=False)
    assert any('b.xml, object[0]' in line for line in examination.warnings)


def test_errors_come_first_and_boxes_that_are_none_are_left_out(tmp_path):
    root = write_coco(tmp_path / 'c', 'annotations/{split}.json', '{split}')
    path = root / 'annotations/val.json'
    content = json.loads(path.read_text())
    content['annotations'][0]['bbox'] = [1, 2, 3]
    path.write_text(json.dumps(content))
    examination = examine(recognise(str(root)), pixels=False)
    levels = [one.is_error for _, one in examination.findings]
    assert levels == sorted(levels, reverse=True)
    assert [split for split, one in examination.findings if one.is_error] == ['val']
    assert len(examination.contents['val']['annotations']) == 1
    assert len(examination.contents['train']['annotations']) == 4


def test_only_training_needs_objects(folder):
    for name in 'de':
        (folder / f'labels/val/{name}.txt').write_text('')
    data = recognise(str(folder))
    assert examine(data, splits=['val'], pixels=False).errors == []
    for name in 'abc':
        (folder / f'labels/train/{name}.txt').write_text('')
    (error,) = examine(recognise(str(folder)), splits=['train'], pixels=False).errors
    assert error == 'train: none of the 0 objects can be trained on: there are none'


def test_only_chosen_classes_are_looked_at(folder):
    (folder / 'labels/train/b.txt').write_text('1 0.9 0.5 0.5 0.5\n')  # a dog
    data = recognise(str(folder))
    for classes, number in ((('cat', 'dog'), 1), (('cat',), 0)):
        found = examine(data.with_classes(classes), splits=['train'], pixels=False)
        assert sum('leave their image' in line for line in found.warnings) == number

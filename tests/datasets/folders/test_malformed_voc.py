"""Broken and odd files of VOC: what is told, and what is read all the same."""

import pytest
from samples.labelled_folders import (
    edit,
    voc_xml,
    write_coco,
    write_image,
    write_voc,
    write_yolo,
)

from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError


@pytest.fixture
def voc(tmp_path):
    return write_voc(tmp_path / 'data')


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('<name>dog</name>', '', r'b\.xml, object\[0\] has no name'),
        ('<xmax>11</xmax>', '', r'object\[0\] lacks bndbox/xmax'),
        ('<xmax>11<', '<xmax>inf<', "xmax must be a number, got 'inf'"),
        ('bndbox>', 'robndbox>', r'object\[0\] is a rotated box .* label it anew'),
        ('<xmax>11<', '<xmax>eleven<', "xmax must be a number, got 'eleven'"),
        ('</annotation>', '', r'b\.xml is not valid XML: .*line 4'),
        ('<annotation>', '<?xml version="1.0" encoding="x-no"?><annotation>', 'x-no'),
        ('<annotation>', '<annotation xmlns="x">', r'begins with <\{x\}annotation>'),
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


def test_a_folder_of_voc_without_images(voc):
    for path in (voc / 'JPEGImages').iterdir():
        path.unlink()
    with pytest.raises(UserError, match=r'as no other does; .* in JPEGImages, images'):
        recognise(str(voc))


@pytest.mark.parametrize(
    ('name', 'line'),
    [
        ('b', 'b.jpg'),
        ('b', '/home/me/VOC2007/JPEGImages/b.jpg'),
        ('b', 'b  -1'),
        ('b', 'b 2'),
        ('b', 'b 1.0'),
        ('b', 'b  1  1'),
        ('my b', 'my b 1'),
        ('my b', 'my b'),
        ('my b', 'my b.jpg'),
        ('my b 1', 'my b 1'),
        ('b.jpg', 'b.jpg'),
        ('day/b', 'day/b'),
    ],
)
def test_lines_of_lists_name_annotation_files(voc, name, line):
    for folder, suffix in (('Annotations', 'xml'), ('JPEGImages', 'jpg')):
        path = voc / folder / f'{name}.{suffix}'
        path.parent.mkdir(exist_ok=True)
        (voc / folder / f'b.{suffix}').rename(path)
    (voc / 'ImageSets/Main/train.txt').write_text(f'a\n{line}\n')
    data = recognise(str(voc))
    images = data.dataset('train').content()['images']
    assert [image['file_name'] for image in images] == ['a.jpg', f'{name}.jpg']


def spoil_corners(voc, names, old, new):
    for name in names:
        edit(voc / f'Annotations/{name}.xml', lambda text: text.replace(old, new))


def test_voc_from_tools_that_count_from_0(voc):
    spoil_corners(voc, 'eb', '<xmin>1<', '<xmin>0<')
    spoil_corners(voc, 'b', '<xmin>2<', '<xmin>0<')
    data = recognise(str(voc))
    assert data.splits['train']['first_pixel'] == 0
    content = data.dataset('train').ground_truth()
    assert content['annotations'][0]['bbox'] == [5, 3, 9, 9]
    assert 'not as pixels counted from 1: 2 of 5 files have a 0' in data.remarks[0]
    assert data.remarks[0].endswith('b.xml, object[0] has xmin 0')


@pytest.mark.parametrize(
    ('names', 'old', 'new', 'first_pixel', 'remark'),
    [
        ('e', '>1<', '>0<', 1, 'counted from 1: only 1 of 5 files have a 0, such as'),
        ('ab', '<ymin>3<', '<ymin>3.5<', 1, None),
        ('abce', 'ymin>', 'ymin> ', 1, None),
        ('abce', '</ymin>', '.5</ymin>', 0, '4 of 5 files have no integers, such as'),
    ],
)
def test_slips_do_not_shift_all_boxes(voc, names, old, new, first_pixel, remark):
    spoil_corners(voc, names, old, new)
    data = recognise(str(voc))
    assert data.splits['train'].get('first_pixel', 1) == first_pixel
    assert data.splits['val'].get('first_pixel', 1) == first_pixel
    assert remark in data.remarks[0] if remark else not data.remarks


def test_two_data_sets_of_voc_in_one_folder(tmp_path):
    write_voc(tmp_path / 'data/VOC2007')
    write_voc(tmp_path / 'data/VOC2012')
    with pytest.raises(
        UserError, match="the split 'all' in VOC2007/Annotations and in"
    ):
        recognise(str(tmp_path / 'data'))


def test_background_in_a_list_is_no_class(voc):
    text = '# label:color\nbackground:0,0,0::\ncat:1,0,0::\ndog:2,0,0::\n'
    (voc / 'labelmap.txt').write_text(text)
    assert recognise(str(voc)).classes == ('cat', 'dog')
    for name in 'abe':
        edit(voc / f'Annotations/{name}.xml', lambda t: t.replace('cat', 'background'))
    edit(voc / 'Annotations/c.xml', lambda t: t.replace('cat', 'dog'))
    (voc / 'labelmap.txt').write_text('background\ndog\n')
    assert recognise(str(voc)).classes == ('background', 'dog')


def test_the_image_that_a_file_names_is_taken(voc):
    write_image(voc / 'JPEGImages/b.png')
    edit(voc / 'Annotations/b.xml', lambda text: text.replace('b.jpg', 'b.png'))
    images = recognise(str(voc)).dataset('train').ground_truth()['images']
    assert [image['file_name'] for image in images] == ['a.jpg', 'b.png', 'c.jpg']


def test_another_image_that_a_file_names_by_mistake_is_not_taken(voc):
    edit(voc / 'Annotations/b.xml', lambda text: text.replace('b.jpg', 'a.jpg'))
    assert images_of(voc) == ['a.jpg', 'b.jpg', 'c.jpg']


def test_marks_at_the_start_of_files(tmp_path):
    roots = [
        write_voc(tmp_path / 'voc'),
        write_yolo(tmp_path / 'yolo', 'images/{split}', 'names: [cat, dog]\n'),
        write_coco(tmp_path / 'coco', 'annotations/{split}.json', '{split}'),
    ]
    (roots[0] / 'classes.txt').write_text('cat\ndog\n')
    for root in roots:
        before = recognise(str(root))
        for path in root.rglob('*.*'):
            if path.suffix in ('.txt', '.xml', '.yaml', '.json'):
                path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes())
        after = recognise(str(root))
        assert after == before
        truth = [data.dataset('train').ground_truth() for data in (before, after)]
        assert truth[0] == truth[1]
        assert len(truth[0]['annotations']) == 4


@pytest.mark.parametrize('name', ['ImageSets/Main/train.txt', 'classes.txt'])
def test_other_encodings_are_named(voc, name):
    (voc / name).write_bytes('katze\nhund ä\n'.encode('latin-1'))
    with pytest.raises(
        UserError, match=r'txt cannot be read: it is not in UTF-8 \(byte'
    ):
        recognise(str(voc))


@pytest.mark.parametrize(('text', 'crowd'), [('1', 1), ('True', 1), ('0', 0), ('', 0)])
def test_difficult_objects_of_voc_are_ignored_as_crowds(voc, text, crowd):
    difficult = f'<difficult>{text}</difficult><bndbox>'
    spoil_corners(voc, 'b', '<bndbox>', difficult)
    content = recognise(str(voc)).dataset('train').ground_truth()
    assert [item['iscrowd'] for item in content['annotations']] == [0, 0, crowd, 0]


def test_a_single_image_cannot_be_divided(tmp_path):
    root = write_voc(tmp_path / 'data', with_sets=False)
    for path in (root / 'Annotations').iterdir():
        if path.stem != 'a':
            path.unlink()
    with pytest.raises(UserError, match='has a single image'):
        recognise(str(root)).dataset('train').ground_truth()


def test_a_list_of_classes_that_lacks_one_is_refused(tmp_path):
    root = write_voc(tmp_path / 'data')
    (root / 'classes.txt').write_text('dog\n')
    with pytest.raises(UserError, match='the list of classes lacks cat'):
        recognise(str(root))


def images_of(root, split='train'):
    content = recognise(str(root)).dataset(split).content()
    return [image['file_name'] for image in content['images']]


def test_images_of_voc_are_found_by_either_name(voc):
    (voc / 'JPEGImages/b.jpg').rename(voc / 'JPEGImages/b.JPG')
    assert images_of(voc) == ['a.jpg', 'b.JPG', 'c.jpg']
    (voc / 'JPEGImages/c.jpg').rename(voc / 'JPEGImages/other.jpg')
    spoil_corners(voc, 'c', 'c.jpg', '/home/someone/other.jpg')
    assert images_of(voc) == ['a.jpg', 'b.JPG', 'other.jpg']


@pytest.mark.parametrize('text', ['0', '-40', '', 'x', '40.0'])
def test_sizes_of_voc_that_are_none_are_read_from_the_image(voc, text):
    spoil_corners(voc, 'b', '<width>40<', f'<width>{text}<')
    content = recognise(str(voc)).dataset('train').content()
    assert [image['width'] for image in content['images']] == [40, 40, 40]


def test_classes_of_voc_are_sorted_over_all_splits(voc):
    spoil_corners(voc, 'abc', 'cat', 'dog')
    assert recognise(str(voc)).classes == ('cat', 'dog')


def test_folders_of_voc_in_lower_case(voc):
    (voc / 'Annotations').rename(voc / 'annotations')
    (voc / 'JPEGImages').rename(voc / 'images')
    assert images_of(voc) == ['a.jpg', 'b.jpg', 'c.jpg']


@pytest.mark.parametrize(('number', 'first_pixel'), [(2, 0), (1, 1)])
def test_zeros_in_a_fiftieth_of_the_files_are_no_slips(voc, number, first_pixel):
    for index in range(75):
        (voc / f'Annotations/z{index}.xml').write_text(voc_xml('c'))
    spoil_corners(voc, 'eb'[:number], '<xmin>1<', '<xmin>0<')
    spoil_corners(voc, 'b' * (number == 2), '<xmin>2<', '<xmin>0<')
    data = recognise(str(voc))
    assert data.splits['train'].get('first_pixel', 1) == first_pixel

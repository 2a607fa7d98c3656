import shutil

import pytest
from samples.labelled_folders import write_coco, write_image, write_voc, write_yolo

from mmdet_plus.datasets.folders import recognise


@pytest.fixture
def yolo(tmp_path):
    return write_yolo(tmp_path / 'data', 'images/{split}', 'names: [cat, dog]\n')


def test_whole_folders_give_no_remark(tmp_path, yolo):
    assert recognise(str(yolo)).remarks == ()
    assert recognise(str(write_voc(tmp_path / 'voc'))).remarks == ()
    coco = write_coco(tmp_path / 'coco', 'annotations/{split}.json', '{split}')
    assert recognise(str(coco)).remarks == ()


def test_images_of_yolo_without_text_are_background(yolo):
    (yolo / 'labels/train/b.txt').unlink()
    assert recognise(str(yolo)).remarks == (
        '1 images have no text file and are taken as background (images/train/b.jpg)',
    )


def test_texts_of_yolo_without_image(yolo):
    for number in range(5):
        (yolo / f'labels/train/z{number}.txt').write_text('0 0.5 0.5 0.1 0.1')
    (yolo / 'labels/train/classes.txt').write_text('cat')
    assert recognise(str(yolo)).remarks == (
        '5 label files have no image and are left out (labels/train/z0.txt, '
        'labels/train/z1.txt, labels/train/z2.txt and 2 more)',
    )


def test_texts_of_yolo_that_are_named_like_lists(yolo):
    folder = yolo / 'labels/train'
    (folder / 'train_1.txt').write_text('0 0.5 0.5 0.1 0.1\n')
    (folder / 'val2.txt').write_text('1 0.1 0.1 0.2 0.1 0.2 0.2\n')
    (folder / 'x.txt').write_text('')
    for name in ('train_list', 'notes', 'labels', 'README.dataset'):
        (folder / f'{name}.txt').write_text('a.jpg\n')
    (folder / 'test.txt').write_text('7\n')
    assert recognise(str(yolo)).remarks == (
        '3 label files have no image and are left out (labels/train/train_1.txt, '
        'labels/train/val2.txt, labels/train/x.txt)',
    )


def test_images_of_types_that_are_not_read(yolo):
    for name in ('p.heic', 'q.JFIF', 'r.gif', 's.jp2', '.t.gif', 'u.md'):
        (yolo / 'images/train' / name).write_bytes(b'x')
    (yolo / 'labels/train/p.txt').write_text('0 0.5 0.5 0.1 0.1\n')
    assert recognise(str(yolo)).remarks == (
        '4 images are of types that are not read, and are left out; save them as .jpg '
        'or .png (images/train/p.heic, images/train/q.JFIF, images/train/r.gif and 1 '
        'more)',
    )


def test_xml_files_without_image_that_no_list_names(tmp_path):
    voc = write_voc(tmp_path / 'voc')
    shutil.copy(voc / 'Annotations/a.xml', voc / 'Annotations/train_a.xml')
    (voc / 'ImageSets/Main/val.txt').write_text('e\n')
    assert recognise(str(voc)).remarks == (
        '1 images are in no split or have no annotation, and are left out '
        '(JPEGImages/d.jpg)',
        '1 label files have no image and are left out (Annotations/train_a.xml)',
    )


def test_images_of_yolo_with_one_text(yolo):
    shutil.copy(yolo / 'images/train/a.jpg', yolo / 'images/train/a.png')
    assert recognise(str(yolo)).remarks == (
        '1 text files are of several images, which differ in their suffix only '
        '(labels/train/a.txt)',
    )


def test_images_that_no_list_names(tmp_path):
    voc = write_voc(tmp_path / 'voc')
    (voc / 'ImageSets/Main/val.txt').write_text('d\n')
    write_image(voc / 'JPEGImages/a.png')
    coco = write_coco(tmp_path / 'coco', 'annotations/{split}.json', '{split}')
    write_image(coco / 'val/z.jpg')
    text = 'images are in no split or have no annotation, and are left out'
    remarks = [
        f'2 {text} (JPEGImages/a.png, JPEGImages/e.jpg)',
        f'1 {text} (val/z.jpg)',
    ]
    assert [*recognise(str(voc)).remarks, *recognise(str(coco)).remarks] == remarks


def test_images_of_voc_without_file(tmp_path):
    voc = write_voc(tmp_path / 'voc', with_sets=False)
    (voc / 'Annotations/c.xml').unlink()
    division, remark = recognise(str(voc)).remarks
    assert 'held out' in division
    assert remark.startswith('1 images are in no split or have no annotation')
    assert remark.endswith('(JPEGImages/c.jpg)')

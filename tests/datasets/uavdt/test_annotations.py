import json
from pathlib import Path

import pytest
from mmdet.datasets import CocoDataset
from PIL import Image

from mmdet_plus.datasets.uavdt.annotations import CocoBuilder, read_rows, sequence_names

CARS = '1,4,10,20,30,12,1,1,1\n3,4,12,20,30,12,1,1,3\n\n3,7,50.5,0,8,9,1,1,2\n'


@pytest.fixture
def tree(tmp_path) -> Path:
    """Two sequences in the official layout; the second has no ignored regions."""
    for name, frames in (('M0101', 3), ('M0203', 1)):
        folder = tmp_path / 'images' / name
        folder.mkdir(parents=True)
        for frame in range(1, frames + 1):
            Image.new('RGB', (96, 54)).save(folder / f'img{frame:06d}.jpg')
        split = tmp_path / 'M_attr' / 'train'
        split.mkdir(parents=True, exist_ok=True)
        (split / f'{name}_attr.txt').write_text('1,0,0')
    gt = tmp_path / 'GT'
    gt.mkdir()
    (gt / 'M0101_gt_whole.txt').write_text(CARS)
    (gt / 'M0101_gt_ignore.txt').write_text('2,-1,0,0,40,20,1,-1,-1\n')
    (gt / 'M0203_gt_whole.txt').write_text('')
    return tmp_path


def build(tree: Path) -> dict:
    builder = CocoBuilder(tree / 'images', tree / 'GT')
    for name in sequence_names(tree / 'M_attr' / 'train'):
        builder.add_sequence(name)
    return builder.result()


def test_all_frames_and_boxes_are_there(tree):
    coco = build(tree)
    assert [image['file_name'] for image in coco['images']] == [
        'M0101/img000001.jpg',
        'M0101/img000002.jpg',
        'M0101/img000003.jpg',
        'M0203/img000001.jpg',
    ]
    assert {(image['width'], image['height']) for image in coco['images']} == {(96, 54)}
    boxes = [(a['image_id'], a['bbox'], a['iscrowd']) for a in coco['annotations']]
    assert boxes == [
        (1, [10, 20, 30, 12], 0),
        (2, [0, 0, 40, 20], 1),
        (3, [12, 20, 30, 12], 0),
        (3, [50.5, 0, 8, 9], 0),
    ]
    assert coco['categories'] == [dict(id=1, name='vehicle')]
    assert [a['id'] for a in coco['annotations']] == [1, 2, 3, 4]
    assert coco['annotations'][0]['area'] == 360


def test_copies_of_images_are_no_frames(tree):
    folder = tree / 'images' / 'M0203'
    (folder / 'img000001 (copy).jpg').write_bytes(b'')
    assert len(build(tree)['images']) == 4


def test_mmdetection_reads_the_file(tree):
    path = tree / 'train.json'
    path.write_text(json.dumps(build(tree)))
    dataset = CocoDataset(
        ann_file=str(path),
        data_prefix=dict(img=str(tree / 'images')),
        metainfo=dict(classes=('vehicle',)),
        pipeline=[],
        test_mode=True,
    )
    instances = [
        [(i['bbox'], i['bbox_label'], i['ignore_flag']) for i in info['instances']]
        for info in (dataset.get_data_info(index) for index in range(4))
    ]
    assert instances == [
        [([10, 20, 40, 32], 0, 0)],
        [([0, 0, 40, 20], 0, 1)],
        [([12, 20, 42, 32], 0, 0), ([50.5, 0, 58.5, 9], 0, 0)],
        [],
    ]


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('1,4,10,20,30,12,1,1', '9 numbers expected, got 8'),
        ('1,4,10,20,30,12,1,1,1,0', '9 numbers expected, got 10'),
        ('1,4,ten,20,30,12,1,1,1', "could not convert string to float: 'ten'"),
        ('1,4,10,20,0,12,1,1,1', 'width and height must be positive, got 0.0 x 12.0'),
        ('0,4,10,20,30,12,1,1,1', 'frames are numbered from 1, got 0'),
        ('inf,4,10,20,30,12,1,1,1', 'numbers must be finite'),
        ('1,4,10,20,nan,12,1,1,1', 'numbers must be finite'),
        ('1.5,4,10,20,30,12,1,1,1', 'frames are numbered from 1, got 1.5'),
    ],
)
def test_malformed_lines_name_file_and_line(tmp_path, line, message):
    path = tmp_path / 'M0101_gt_whole.txt'
    path.write_text(f'{CARS}{line}\n')
    with pytest.raises(ValueError, match=r'M0101_gt_whole\.txt, line 5: ') as caught:
        read_rows(path)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            dict(whole=f'{CARS}9,4,10,20,30,12,1,1,1'),
            r'M0101_gt_whole\.txt, line 5: frame 9, and .*no img000009\.jpg',
        ),
        (
            dict(whole=f'{CARS}1,4,10,20,30,12,1,1,7'),
            r'M0101_gt_whole\.txt, line 5: .* one of \[1, 2, 3\], got 7',
        ),
        (
            dict(ignore='9,-1,0,0,4,2,1,-1,-1'),
            r'M0101_gt_ignore\.txt, line 1: frame 9',
        ),
    ],
)
def test_rows_that_fit_nothing_are_refused(tree, change, message):
    for kind, text in change.items():
        (tree / 'GT' / f'M0101_gt_{kind}.txt').write_text(text)
    with pytest.raises(ValueError, match=message):
        build(tree)


def test_missing_files_are_named(tree):
    (tree / 'GT' / 'M0203_gt_whole.txt').unlink()
    with pytest.raises(ValueError, match=r'M0203_gt_whole\.txt does not exist'):
        build(tree)
    (tree / 'images' / 'M0101' / 'img000001.jpg').unlink()
    (tree / 'M_attr' / 'train' / 'M0999_attr.txt').write_text('')
    (tree / 'GT' / 'M0203_gt_whole.txt').write_text('')
    (tree / 'GT' / 'M0101_gt_whole.txt').write_text('')
    with pytest.raises(ValueError, match=r'M0999 holds no image such as'):
        build(tree)
    with pytest.raises(ValueError, match=r'ends in _attr\.txt'):
        sequence_names(tree / 'GT')

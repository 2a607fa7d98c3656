from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from mmdet_plus.datasets.shapes.formats import (
    ImageRecord,
    ObjectRecord,
    coco_content,
    decode_segmentation,
    describe_object,
    segment,
    voc_tree,
    write_yolo,
    yolo_lines,
)
from mmdet_plus.datasets.shapes.generation import CLASSES, ShapeInstance, draw_scene


@pytest.fixture(scope='module')
def instances():
    scenes = [draw_scene(0, 'train', i, 256) for i in range(60)]
    return [instance for scene in scenes for instance in scene.instances]


@pytest.fixture
def image() -> ImageRecord:
    """A triangle of 10 x 20 pixels in a corner and a ring of one pixel."""
    polygon = [[0.0, 0.0, 10.0, 0.0, 10.0, 20.0]]
    triangle = ObjectRecord(0, (0, 0, 10, 20), 100, polygon)
    ring = ObjectRecord(6, (99, 49, 100, 50), 1, polygon)
    return ImageRecord('train_000003', 100, 50, [triangle, ring])


def iou(one, other) -> float:
    return (one & other).sum() / (one | other).sum()


def test_segmentations_decode_to_the_mask(instances):
    polygons, run_lengths = [], []
    for instance in instances:
        segmentation = segment(instance.mask)
        decoded = decode_segmentation(segmentation, 256, 256)
        group = polygons if isinstance(segmentation, list) else run_lengths
        group.append(iou(decoded, instance.mask))
    assert min(polygons) > 0.93
    assert min(run_lengths) == 1
    assert len(polygons) > 2 * len(run_lengths)


def test_polygon_fills_whole_pixels():
    mask = np.zeros((30, 40), bool)
    mask[5:15, 0:20] = True
    (polygon,) = segment(mask)
    corners = np.reshape(polygon, (-1, 2))
    np.testing.assert_allclose(corners.min(axis=0), [0, 5], atol=0.2)
    np.testing.assert_allclose(corners.max(axis=0), [20, 15], atol=0.2)


@pytest.mark.parametrize('hole', [True, False], ids=['hole', 'two_pieces'])
def test_holes_and_pieces_become_run_lengths(hole):
    mask = np.zeros((30, 40), bool)
    mask[5:25, 5:35] = True
    mask[(slice(10, 20) if hole else slice(None)), 15:25] = False
    segmentation = segment(mask)
    assert isinstance(segmentation['counts'], str)
    assert segmentation['size'] == [30, 40]
    np.testing.assert_array_equal(decode_segmentation(segmentation, 30, 40), mask)


def test_describe_object():
    mask = np.zeros((20, 30), bool)
    mask[4:9, 10:16] = True
    record = describe_object(ShapeInstance(3, mask, 99))
    assert record[:3] == (3, (10, 4, 16, 9), 30)


def test_coco_content(image):
    empty = image._replace(name='train_000004', objects=[])
    content = coco_content([empty, image])
    assert [category['name'] for category in content['categories']] == list(CLASSES)
    assert [category['id'] for category in content['categories']] == [*range(1, 8)]
    assert content['images'][1] == dict(
        id=2, file_name='train_000003.jpg', width=100, height=50
    )
    triangle, ring = content['annotations']
    assert triangle['bbox'] == [0, 0, 10, 20]
    assert (triangle['id'], triangle['image_id'], triangle['category_id']) == (1, 2, 1)
    assert (triangle['area'], triangle['iscrowd']) == (100, 0)
    assert ring['bbox'] == [99, 49, 1, 1]
    assert (ring['id'], ring['category_id']) == (2, 7)


def test_voc_names_pixels_from_one_to_the_last_inside(image):
    tree = ElementTree.fromstring(ElementTree.tostring(voc_tree(image)))
    names = [obj.findtext('name') for obj in tree.findall('object')]
    boxes = [[int(c.text) for c in box] for box in tree.findall('object/bndbox')]
    assert names == ['triangle', 'ring']
    assert boxes == [[1, 1, 10, 20], [100, 50, 100, 50]]
    assert [tree.findtext(f'size/{key}') for key in ('width', 'height')] == [
        '100',
        '50',
    ]


def test_yolo_lines_round_trip(image):
    rows = np.array([line.split() for line in yolo_lines(image)], float)
    center, size = rows[:, 1:3] * [100, 50], rows[:, 3:] * [100, 50]
    boxes = np.concatenate([center - size / 2, center + size / 2], axis=1)
    assert rows[:, 0].tolist() == [0, 6]
    np.testing.assert_allclose(boxes, [obj.bbox for obj in image.objects], atol=1e-3)


def test_yolo_files(image, tmp_path):
    empty = image._replace(name='val_000000', objects=[])
    write_yolo(tmp_path, dict(train=[image], val=[empty]))
    description = yaml.safe_load((tmp_path / 'data.yaml').read_text())
    assert description['names'] == dict(enumerate(CLASSES))
    assert (description['train'], description['val']) == ('images/train', 'images/val')
    label_file = tmp_path / 'labels' / 'train' / 'train_000003.txt'
    assert label_file.read_text().splitlines() == yolo_lines(image)
    assert (tmp_path / 'labels' / 'val' / 'val_000000.txt').read_text() == ''

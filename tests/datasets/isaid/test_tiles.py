import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmdet_plus.datasets.isaid.tiles import CATEGORIES, IsaidImage, Tile, tiles_of

SHIP, PLANE = (0, 0, 63), (0, 127, 255)


def write(folder, ids, colours, name='P0001'):
    """Annotation images in RGB beside a grey image of the same size."""
    for image, suffix in (
        (np.full_like(ids, 99), ''),
        (ids, '_instance_id_RGB'),
        (colours, '_instance_color_RGB'),
    ):
        path = folder / f'{name}{suffix}.png'
        cv2.imwrite(str(path), image[..., ::-1].astype(np.uint8))
    return folder / f'{name}.png'


@pytest.fixture
def image(tmp_path):
    ids, colours = np.zeros((2, 60, 100, 3), dtype=np.uint8)
    ids[10:20, 30:70], colours[10:20, 30:70] = (1, 0, 0), SHIP
    ids[40:50, 5:15], colours[40:50, 5:15] = (0, 0, 1), PLANE
    ids[42:44, 5:15] = (1, 1, 0)  # a part of the plane that is a plane of its own
    return IsaidImage(write(tmp_path, ids, colours), tmp_path)


@pytest.mark.parametrize(
    ('width', 'height', 'starts_x', 'starts_y'),
    [
        (2000, 800, [0, 600, 1200], [0]),
        (1900, 1401, [0, 600, 1100], [0, 600, 601]),
        (700, 900, [0], [0, 100]),
    ],
)
def test_tiles_cover_the_image_and_end_at_its_border(width, height, starts_x, starts_y):
    tiles = tiles_of(width, height, 800, 200)
    assert [(t.x, t.y) for t in tiles] == [(x, y) for y in starts_y for x in starts_x]
    covered = np.zeros((height, width), dtype=bool)
    for tile in tiles:
        tile.crop(covered)[:] = True
        assert tile.x + tile.width <= width
        assert tile.y + tile.height <= height
    assert covered.all()


@pytest.mark.parametrize('overlap', [-1, 800])
def test_overlap_must_be_smaller_than_a_tile(overlap):
    with pytest.raises(
        ValueError, match=rf'overlap must be in \[0, 800\), got {overlap}'
    ):
        tiles_of(1000, 1000, 800, overlap)


def test_instances_of_a_tile(image):
    instances = list(image.instances(Tile(0, 0, 50, 60), min_area=1))
    found = {
        (CATEGORIES[i['category_id'] - 1]['name'], tuple(i['bbox']), i['area'])
        for i in instances
    }
    assert found == {
        ('ship', (30, 10, 20, 10), 200),  # cut by the border of the tile
        ('plane', (5, 40, 10, 10), 80),
        ('plane', (5, 42, 10, 2), 20),
    }
    for instance in instances:
        mask = coco_mask.decode(instance['segmentation'])
        assert mask.shape == (60, 50)
        assert mask.sum() == instance['area']
        x, y, width, height = instance['bbox']
        assert mask[y : y + height, x : x + width].sum() == instance['area']


def test_small_instances_can_be_left_out(image):
    assert len(list(image.instances(Tile(0, 0, 50, 60), min_area=30))) == 2
    assert list(image.instances(Tile(80, 0, 20, 60), min_area=1)) == []


def test_the_fifteen_classes_are_numbered_from_one():
    assert [category['id'] for category in CATEGORIES] == list(range(1, 16))
    assert CATEGORIES[0]['name'] == 'ship'
    assert 'background' not in {category['name'] for category in CATEGORIES}


def test_unknown_colours_and_sizes_are_refused(tmp_path):
    ids, colours = np.zeros((2, 20, 20, 3), dtype=np.uint8)
    ids[:5], colours[:5] = 1, (1, 2, 3)
    image = IsaidImage(write(tmp_path, ids, colours), tmp_path)
    message = r'P0001_instance_color_RGB.png: colour \(1, 2, 3\) belongs to no class'
    with pytest.raises(ValueError, match=message):
        list(image.instances(Tile(0, 0, 20, 20), min_area=1))
    path = write(tmp_path, ids, colours)
    cv2.imwrite(str(path), np.zeros((20, 30, 3)))
    with pytest.raises(ValueError, match=r'\(20, 30\) pixels, but its instance id'):
        IsaidImage(path, tmp_path)
    (tmp_path / 'P0001_instance_id_RGB.png').unlink()
    with pytest.raises(ValueError, match=r'P0001_instance_id_RGB\.png does not exist'):
        IsaidImage(path, tmp_path)

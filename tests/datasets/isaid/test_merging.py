import numpy as np
import pytest
from pycocotools import mask as coco_mask

from mmdet_plus.datasets.isaid.merging import merge_tiles, shift_run_lengths
from mmdet_plus.datasets.isaid.tiles import encode_mask


@pytest.mark.parametrize('offset', [(0, 0), (7, 0), (0, 5), (7, 5)])
@pytest.mark.parametrize('full', [False, True])
def test_shifted_masks_are_the_masks_drawn_in_the_image(offset, full):
    x, y = offset
    rng = np.random.default_rng(0)
    # Without offset the tile is as high as the image: runs meet across columns.
    tile = np.ones((15 - y, 13), bool) if full else rng.random((15 - y, 13)) > 0.5
    image = np.zeros((15, 20), bool)
    image[y:15, x : x + 13] = tile
    shifted = shift_run_lengths(encode_mask(tile), offset, (20, 15))
    assert np.array_equal(coco_mask.decode(shifted).astype(bool), image)
    assert coco_mask.area(shifted) == tile.sum()


def tile(number, x, source='P1'):
    return dict(
        id=number, file_name=f'{source}_{x}_0.png', width=50, height=40,
        source=source, source_width=90, source_height=40, x=x, y=0,
    )  # fmt: skip


def detection(number, bbox, score, category=1):
    mask = np.zeros((40, 50), bool)
    x, y, width, height = bbox
    mask[y : y + height, x : x + width] = True
    return dict(
        image_id=number,
        bbox=bbox,
        score=score,
        category_id=category,
        segmentation=encode_mask(mask),
    )


TILES = [tile(1, 0), tile(2, 40), tile(3, 0, source='P0')]


def test_an_object_seen_in_two_tiles_is_kept_once():
    detections = [
        detection(1, [42, 5, 8, 10], 0.6),
        detection(2, [2, 5, 8, 10], 0.9),  # the same place of the image
        detection(2, [2, 5, 8, 10], 0.5, category=2),
        detection(3, [42, 5, 8, 10], 0.4),  # of another image
    ]
    images, merged = merge_tiles(detections, TILES, 0.5)
    assert images == [
        dict(id=1, file_name='P0.png'),
        dict(id=2, file_name='P1.png'),
    ]
    found = [(d['image_id'], d['bbox'], d['score'], d['category_id']) for d in merged]
    assert found == [
        (1, [42, 5, 8, 10], 0.4, 1),
        (2, [42, 5, 8, 10], 0.9, 1),
        (2, [42, 5, 8, 10], 0.5, 2),
    ]
    expected = np.zeros((40, 90), bool)
    expected[5:15, 42:50] = True
    for entry in merged:
        assert np.array_equal(coco_mask.decode(entry['segmentation']), expected)


def test_boxes_need_no_masks():
    boxes = [detection(2, [2, 5, 8, 10], 0.9)]
    del boxes[0]['segmentation']
    _, merged = merge_tiles(boxes, TILES, 0.5)
    assert merged == [dict(image_id=2, bbox=[42, 5, 8, 10], score=0.9, category_id=1)]


def test_what_fits_no_tile_is_refused():
    with pytest.raises(ValueError, match='no tile has the id 9'):
        merge_tiles([detection(9, [2, 5, 8, 10], 0.9)], TILES, 0.5)
    plain = dict(id=1, file_name='a.png', x=0)
    with pytest.raises(ValueError, match=r"image a.png lacks \['source', .*'y'\]"):
        merge_tiles([], [plain], 0.5)


def test_no_detections():
    images, merged = merge_tiles([], TILES, 0.5)
    assert len(images) == 2
    assert merged == []

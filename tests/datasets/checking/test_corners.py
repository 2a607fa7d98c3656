import numpy as np
import pytest

from mmdet_plus.datasets.checking import check_annotations
from mmdet_plus.datasets.checking.corners import are_corners, leaves, may_be_corners

IMAGES = [dict(width=640, height=480), dict(width=1280, height=960)]


def spread(rng, size):
    """Small objects anywhere."""
    sides = rng.uniform(0.02, 0.2, 2)
    return [*(rng.uniform(0, 1, 2) * (1 - sides)), *sides]


def corner(rng, size):
    """Small objects in the quarter around the origin."""
    return [*rng.uniform(0, 0.3, 2), *rng.uniform(0.02, 0.2, 2)]


def centred(rng, size):
    """Large objects in the middle."""
    sides = rng.uniform(0.4, 0.9, 2)
    return [*((1 - sides) / 2), *sides]


def fixed(rng, size):
    """Objects of one size in one place."""
    return [0.3, 0.3, 0.4, 0.4]


def close(rng, size):
    """Objects that fill the image nearly."""
    low = rng.uniform(0, 0.1, 2)
    return [*low, *(1 - low - rng.uniform(0, 0.1, 2))]


def falling(rng, size):
    """Objects that are larger the lower they are, as on roads."""
    y = rng.uniform(0.3, 0.6)
    return [rng.uniform(0, 0.7), y, 0.5 * y, 0.5 * y]


KINDS = [spread, corner, centred, fixed, close, falling]


def boxes(kind, number=60, *, as_corners=False):
    rng = np.random.default_rng(0)
    found = []
    for index in range(number):
        image = IMAGES[index % 2]
        box = np.array(kind(rng, image))
        if as_corners:
            box[2:] += box[:2]
        size = np.array([image['width'], image['height']] * 2)
        found.append(((box * size).tolist(), image))
    return found


@pytest.mark.parametrize('kind', KINDS)
def test_true_boxes_are_no_corners(kind):
    assert not are_corners(boxes(kind))
    assert not may_be_corners(boxes(kind))


@pytest.mark.parametrize(
    ('kind', 'surely', 'maybe'), [(spread, True, True), (corner, False, True)]
)
def test_corners_are_told(kind, surely, maybe):
    found = boxes(kind, as_corners=True)
    assert are_corners(found) == surely
    assert may_be_corners(found) == maybe


def test_few_boxes_prove_nothing():
    assert not may_be_corners(boxes(corner, 19, as_corners=True))
    assert may_be_corners(boxes(corner, 20, as_corners=True))


def test_one_of_a_hundred_may_be_a_slip():
    found = boxes(corner, 199, as_corners=True)
    for number in (1, 2):
        found[number] = ([200, 200, 100, 300], found[number][1])
        found[number + 9] = ([200, 200, 300, 700], found[number][1])
        assert may_be_corners(found) == (number == 1)


@pytest.mark.parametrize(
    ('box', 'outside'),
    [
        ([0, 0, 641, 481], False),
        ([-1, -1, 9, 9], False),
        ([-1.1, 0, 9, 9], True),
        ([0, -1.1, 9, 9], True),
        ([600, 0, 41.1, 9], True),
        ([0, 400, 9, 81.1], True),
    ],
)
def test_a_pixel_may_be_outside(box, outside):
    assert leaves(box, IMAGES[0]) == outside


@pytest.mark.parametrize('as_corners', [True, False])
def test_corners_are_a_counted_warning(as_corners):
    found = boxes(corner, 40, as_corners=as_corners)
    images = [dict(image, id=n, file_name=f'{n}') for n, image in enumerate(IMAGES)]
    items = [
        dict(image_id=n % 2, category_id=0, bbox=box, source=f'line {n}')
        for n, (box, _) in enumerate(found)
    ]
    content = dict(
        images=images, annotations=items, categories=[dict(id=0, name='cat')]
    )
    told = [one for one in check_annotations(content) if 'x1, y1' in one.message]
    assert len(told) == as_corners
    for one in told:
        assert not one.is_error
        assert one.message.startswith('40 boxes look like x1, y1, x2, y2')
        assert one.places[0] == 'line 0'

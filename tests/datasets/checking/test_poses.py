import numpy as np
import pytest
from samples.labelled_folders import write_yolo

from mmdet_plus.datasets.checking import examine
from mmdet_plus.datasets.checking.poses import check_poses
from mmdet_plus.datasets.folders import recognise

SIZES = [(640, 480), (480, 640)]


def content_of(lines):
    images = [dict(id=n, width=w, height=h) for n, (w, h) in enumerate(SIZES)]
    items = []
    for number, line in enumerate(lines):
        polygon = (np.array(line) * np.resize(SIZES[number % 2], len(line))).tolist()
        place = dict(image_id=number % 2, source=f'line {number}')
        items.append(dict(place, segmentation=[polygon]))
    return dict(images=images, annotations=items)


def poses(number, num_points, *, seen=False, low=0.1, high=0.5):
    rng = np.random.default_rng(0)
    lines = []
    for _ in range(number):
        size = rng.uniform(low, high, 2)
        centre = size / 2 + rng.uniform(0, 1, 2) * (1 - size)
        points = centre + rng.uniform(-0.5, 0.5, (num_points, 2)) * size
        marks = rng.integers(0, 3, (num_points, 1))
        points = np.hstack([points, marks]) if seen else points
        lines.append([*centre, *size, *points.ravel()])
    return lines


def rectangles(number, low, high, *, centred=False):
    """Four corners each, from the upper left one around."""
    rng = np.random.default_rng(0)
    lines = []
    for _ in range(number):
        w, h = rng.uniform(low, high, 2)
        x, y = [0.5, 0.5] if centred else rng.uniform(0, 1, 2)
        x, y = x * (1 - w), y * (1 - h)
        lines.append([x, y, x + w, y, x + w, y + h, x, y + h])
    return lines


@pytest.mark.parametrize('num_points', [2, 4])
@pytest.mark.parametrize('number', [1, 30])
def test_visibilities_tell_poses(num_points, number):
    (found,) = check_poses(content_of(poses(number, num_points, seen=True)))
    assert found.is_error
    assert f'{number} labels are poses' in found.message
    assert f'"kpt_shape: [{num_points}, 3]"' in found.message
    assert found.places[0] == 'line 0'


@pytest.mark.parametrize('num_points', [2, 5])
def test_points_in_boxes_may_be_poses(num_points):
    lines = poses(20, num_points)
    lines[3][4:6] = lines[5][4:6] = [0, 0]
    (found,) = check_poses(content_of(lines))
    assert not found.is_error
    assert f'20 labels are read as polygons of {num_points + 2} cor' in found.message
    assert f'"kpt_shape: [{num_points}, 2]"' in found.message
    assert check_poses(content_of(lines[:19])) == []


@pytest.mark.parametrize(
    'lines',
    [
        rectangles(60, 0.02, 0.1),
        rectangles(60, 0.1, 0.4),
        rectangles(60, 0.4, 0.9),
        rectangles(60, 0.4, 0.9, centred=True),
        rectangles(60, 0.5, 0.5, centred=True),
        [*rectangles(59, 0.1, 0.4), [0.1, 0.1, 0.5, 0.1, 0.2, 0.2]],
        [],
    ],
)
def test_polygons_are_no_poses(lines):
    assert check_poses(content_of(lines)) == []


def test_poses_are_found_in_a_folder(tmp_path):
    root = write_yolo(tmp_path / 'data', 'images/{split}', 'names: [cat, dog]\n')
    for name in ('train/a', 'train/b', 'train/c'):
        line = '0 0.5 0.5 0.4 0.4 0.4 0.4 2 0.5 0.6 1\n'
        (root / f'labels/{name}.txt').write_text(line)
    (error,) = examine(recognise(str(root)), pixels=False).errors
    assert error.startswith('train: 3 labels are poses, not polygons')

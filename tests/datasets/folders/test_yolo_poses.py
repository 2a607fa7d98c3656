import pytest
from samples.labelled_folders import OBJECTS, SPLITS, write_yolo, yolo_lines

from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError

NAMES = 'names: [cat, dog]\n'


def write_poses(root, points, description):
    write_yolo(root, 'images/{split}', description)
    for split, names in SPLITS.items():
        for name in names:
            lines = [f'{line} {points}\n' for line in yolo_lines(name).splitlines()]
            (root / f'labels/{split}/{name}.txt').write_text(''.join(lines))
    return root


@pytest.mark.parametrize(
    ('shape', 'points'),
    [
        ('[2, 3]', '0.1 0.2 2 0 0 0'),
        ('[1, 3]', '0.1 0.2 1'),
        ('[2, 2]', '0.1 0.2 0.5 0.5'),
    ],
)
def test_boxes_of_poses_are_read(tmp_path, shape, points):
    text = f'kpt_shape: {shape}\n{NAMES}'
    data = recognise(str(write_poses(tmp_path / 'data', points, text)))
    content = data.dataset('train').ground_truth()
    assert [item['bbox'] for item in content['annotations']] == [
        [x1, y1, x2 - x1, y2 - y1]
        for name in 'abc'
        for _, (x1, y1, x2, y2) in OBJECTS[name]
    ]
    assert not any('segmentation' in item for item in content['annotations'])
    assert data.remarks == (
        'data.yaml has kpt_shape: boxes are read, the points behind them are left out',
    )


def test_lines_need_the_stated_points_or_none(tmp_path):
    text = f'kpt_shape: [2, 3]\n{NAMES}'
    root = write_poses(tmp_path / 'data', '', text)
    assert recognise(str(root)).classes == ('cat', 'dog')
    (root / 'labels/train/b.txt').write_text('0 0.5 0.5 0.1 0.1 0.5 0.5 2')
    message = r'b\.txt, line 1 has 8 numbers; by kpt_shape .* and 6 of points'
    with pytest.raises(UserError, match=message):
        recognise(str(root))


@pytest.mark.parametrize(
    ('points', 'hint'),
    [
        ('0.5 0.5 2', r'"kpt_shape: \[1, 3\]"'),
        ('0.5 0.5 2 0 0 0 0.4 0.4 1', r'"kpt_shape: \[3, 3\]"'),
        ('0.5 0.5 0.3', 'tracks out$'),
        ('0.9', 'tracks out$'),
    ],
)
def test_poses_without_kpt_shape_are_told(tmp_path, points, hint):
    with pytest.raises(UserError, match=hint):
        recognise(str(write_poses(tmp_path / 'data', points, NAMES)))

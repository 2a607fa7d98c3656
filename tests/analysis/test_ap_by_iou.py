import json

import pytest

from mmdet_plus.analysis.ap_by_iou import average_precisions, plot_average_precisions

TRUTH = dict(
    images=[dict(id=1, width=100, height=100)],
    categories=[dict(id=1, name='one'), dict(id=2, name='two'), dict(id=3, name='no')],
    annotations=[
        dict(id=i, image_id=1, category_id=i, bbox=box, area=100, iscrowd=0)
        for i, box in ((1, [0, 0, 10, 10]), (2, [50, 50, 10, 10]))
    ],
)
# IoU of 0.75 with the object of the first class, 0.55 with that of the second.
BOXES = [
    dict(image_id=1, category_id=1, bbox=[0, 0, 10, 7.5], score=0.9),
    dict(image_id=1, category_id=2, bbox=[50, 50, 10, 5.5], score=0.8),
]


@pytest.fixture
def ann_file(tmp_path):
    path = tmp_path / 'ann.json'
    path.write_text(json.dumps(TRUTH))
    return path


def write(tmp_path, boxes):
    path = tmp_path / 'found.bbox.json'
    path.write_text(json.dumps(boxes))
    return path


def test_each_overlap_by_hand(ann_file, tmp_path):
    values = average_precisions(ann_file, write(tmp_path, BOXES))
    # Classes without objects do not count.
    assert values == pytest.approx([1, 0.5, 0.5, 0, 0])
    found = average_precisions(ann_file, write(tmp_path, BOXES), [0.74])
    assert found == pytest.approx([0.5])


def test_nothing_found(ann_file, tmp_path):
    assert average_precisions(ann_file, write(tmp_path, []), [0.5, 0.6]) == [0, 0]


def test_plot(tmp_path):
    path = tmp_path / 'ap.png'
    plot_average_precisions({'one': [0.5, 0.25]}, [0.5, 0.9], path)
    assert path.read_bytes().startswith(b'\x89PNG')

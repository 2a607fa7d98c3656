import copy
import json

import pytest

from mmdet_plus.analysis.ap_by_iou import average_precisions, plot_average_precisions
from mmdet_plus.errors import UserError

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


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda truth: truth.pop('images'), r'ann\.json has no images in COCO'),
        (lambda truth: truth.update(images={}), 'images is a dict, no list'),
        (lambda truth: truth['images'].append(3), r'images\[1\] is 3'),
        (lambda truth: truth['images'][0].pop('id'), r'images\[0\] has no id'),
        (lambda truth: truth['categories'][2].pop('id'), r'categories\[2\] has no id'),
        (lambda truth: change_object(truth, 'id'), r'annotations\[1\] has no id'),
        (lambda truth: change_object(truth, 'image_id'), r'\[1\] has no image_id'),
        (lambda truth: change_object(truth, 'area'), r'annotations\[1\] has no area'),
        (lambda truth: change_object(truth, 'iscrowd'), r'\[1\] has no iscrowd'),
        (lambda truth: change_object(truth, image_id=[1]), r'has the image_id \[1\]'),
        (lambda truth: change_object(truth, id='a'), "has the id 'a'"),
        (lambda truth: change_object(truth, bbox=None), 'has the bbox None'),
        (lambda truth: change_object(truth, bbox=[1, 2]), r'bbox \[1, 2\], not four'),
    ],
)
def test_broken_annotations_are_named(change, message, ann_file, tmp_path):
    truth = copy.deepcopy(TRUTH)
    change(truth)
    ann_file.write_text(json.dumps(truth))
    with pytest.raises(UserError, match=message):
        average_precisions(ann_file, write(tmp_path, BOXES))


def change_object(truth, removed=None, **values):
    truth['annotations'][1].pop(removed, None)
    truth['annotations'][1].update(values)

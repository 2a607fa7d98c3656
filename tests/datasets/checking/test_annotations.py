import copy

import pytest
from samples.labelled_folders import OBJECTS, coco_content

from mmdet_plus.datasets.checking import check_annotations

NAMES = tuple(OBJECTS)


def findings(change=lambda content: None, **options):
    content = copy.deepcopy(coco_content(NAMES))
    change(content)
    return check_annotations(content, **options)


def set_boxes(change):
    def spoil(content):
        for item in content['annotations']:
            x, y, width, height = item['bbox']
            item['bbox'] = change(x, y, width, height)

    return spoil


def test_good_annotations():
    assert findings() == []


def first(**changes):
    return lambda content: content['annotations'][0].update(changes)


@pytest.mark.parametrize(
    ('change', 'is_error', 'message'),
    [
        (first(bbox=[1, 2, 3]), True, '1 objects whose'),
        (first(bbox=[1, 2, 3, '4']), True, 'not four'),
        (
            lambda c: c['annotations'][0].update(bbox=[1, 2, 0.5, 4]),
            False,
            '1 boxes na',
        ),
        (first(bbox=[0, 0, 10**400, 5]), True, 'not four'),
        (first(area=float('inf')), True, 'area is not'),
        (
            lambda c: c['annotations'][0].update(bbox=[40, 2, 5, 4]),
            False,
            '1 boxes out',
        ),
        (
            lambda c: c['annotations'][0].update(bbox=[30, 2, 15, 4]),
            False,
            'that leave',
        ),
        (first(iscrowd='0'), True, 'iscrowd is not the number 0 or 1'),
        (first(iscrowd=None), True, 'iscrowd is not'),
        (first(segmentation=dict(size=[9, 9])), False, '1 segmentations cannot'),
        (first(image_id=99), False, 'image_id is in no'),
        (first(category_id=99), False, 'not listed'),
        (lambda c: c['annotations'].append(c['annotations'][0]), False, 'there twice'),
        (
            lambda c: c['images'].append(c['images'][0]),
            True,
            'image ids are used twice',
        ),
        (lambda c: c['categories'][0].update(id=2), True, 'category ids are used'),
        (lambda c: c['categories'][0].update(name=' Dog'), False, 'case or spaces'),
        (set_boxes(lambda x, y, w, h: [x / 40, y / 20, w / 40, h / 20]), True, '0..1'),
        (set_boxes(lambda x, y, w, h: [x, y, x + w, y + h]), True, 'x1, y1, x2, y2'),
        (set_boxes(lambda x, y, w, h: [x + 99, y, w, h]), True, 'none of the 6'),
        (lambda c: c['annotations'].clear(), True, 'there are none'),
    ],
)
def test_what_is_wrong_is_counted(change, is_error, message):
    found = [one for one in findings(change) if message in one.message]
    assert [one.is_error for one in found] == [is_error]


def test_more_than_half_lost_is_an_error():
    def move(content):
        for item in content['annotations'][:4]:
            item['bbox'][0] += 99

    errors = [one.message for one in findings(move) if one.is_error]
    assert errors == ['4 of 6 objects cannot be used: 4 boxes outside their image']


def test_places_name_three_and_count_the_others():
    def move(content):
        for index, item in enumerate(content['annotations']):
            item['source'] = f'a.json, annotations[{index}]'
            item['bbox'][2] += 20 if index != 4 else 0
            item['bbox'][1] -= 4

    (found,) = [one for one in findings(move) if 'leave' in one.message]
    assert str(found).endswith(
        '(a.json, annotations[0]; a.json, annotations[1]; a.json, annotations[2] and '
        f'{len(found.places) - 3} more)'
    )
    assert len(found.places) > 3
    assert found.images[0] == 'a.jpg'


def test_tiny_objects_are_measured_in_the_input_of_the_network():
    assert findings(input_size=(40, 20)) == []
    (found,) = findings(input_size=(20, 10))
    assert '1 boxes that are below 4 px' in found.message


def test_numbers_of_the_file_matter_only_where_they_are_used():
    def number(content):
        content['annotations'][1]['id'] = 0
        content['annotations'][2]['id'] = 4

    assert findings(number) == []
    twice, zero = findings(number, renumbers=False)
    assert (twice.is_error, zero.is_error) == (True, False)
    assert 'annotation id 0' in zero.message


def test_other_classes_are_not_looked_at():
    def spoil(content):
        content['annotations'][1]['bbox'][0] = 30  # a dog

    assert len(findings(spoil)) == 1
    assert findings(spoil, classes=('cat',)) == []


def test_wrong_boxes_of_other_classes_do_not_count():
    def spoil(content):
        for item in content['annotations']:
            if item['category_id'] == 2:
                item['bbox'] = [1, 2, 0, 4]

    assert 'narrower' in findings(spoil)[0].message
    assert findings(spoil, classes=('cat',)) == []

    def spoil_more(content):
        for item in content['annotations']:
            if item['category_id'] == 2:
                item['bbox'] = [1, 2, 3]

    assert findings(spoil_more, classes=('cat',)) == []
    # MMDetection takes the box apart before it looks at the class.
    (found,) = findings(spoil_more, classes=('cat',), renumbers=False)
    assert found.is_error
    assert '2 objects whose bbox' in found.message


def test_categories_that_are_not_listed_count_whatever_is_trained_on():
    (found,) = findings(first(category_id=7), classes=('cat',))
    assert 'category that is not listed' in found.message

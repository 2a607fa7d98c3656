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

    (error,) = [one for one in findings(move) if one.is_error]
    assert error.message == (
        '4 of 6 objects cannot be used: 4 boxes outside their image'
    )
    assert len(error.places) == 4


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
    assert findings(input_size=(80, 20)) == []
    (found,) = findings(input_size=(40, 10))  # the lower of both scales
    assert '1 boxes that are below 4 px' in found.message
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


@pytest.mark.parametrize(
    ('box', 'message'),
    [
        ([5, 5, 1, 4], None),
        ([5, 5, 0.99, 4], 'narrower or lower'),
        ([5, 5, 4, 0.99], 'narrower or lower'),
        ([30, 2, 11, 4], None),
        ([30, 2, 11.01, 4], 'leave their image'),
        ([2, 10, 4, 11], None),
        ([2, 10, 4, 11.01], 'leave their image'),
        ([-1, -1, 4, 4], None),
        ([-1.01, 2, 4, 4], 'leave their image'),
        ([2, -1.01, 4, 4], 'leave their image'),
        ([40, 2, 5, 4], 'outside their image'),
        ([2, 20, 5, 4], 'outside their image'),
        ([-5, 2, 5, 4], 'outside their image'),
        ([2, -4, 5, 4], 'outside their image'),
        ([39.9, 2, 1, 4], None),
    ],
)
def test_limits_of_boxes(box, message):
    found = [one.message for one in findings(first(bbox=box))]
    assert len(found) == (message is not None)
    assert all(message in one for one in found)


def test_areas_of_0_are_not_trained_on():
    (found,) = findings(first(area=0))
    assert found.message.startswith('1 objects of area 0')
    assert not found.is_error


def test_half_of_the_objects_may_be_lost():
    def move(content):
        for item in content['annotations'][:3]:
            item['bbox'][0] += 99

    assert [one.is_error for one in findings(move)] == [False]


def test_boxes_in_parts_of_the_image_may_stick_out():
    change = set_boxes(lambda x, y, w, h: [x / 40, y / 20, w / 40, 1.5])
    assert any('0..1' in one.message for one in findings(change))
    change = set_boxes(lambda x, y, w, h: [x / 40, y / 20, w / 40, 1.51])
    assert not any('0..1' in one.message for one in findings(change))


def test_one_box_in_two_images_is_no_double():
    def double(content):
        content['annotations'].append(dict(content['annotations'][0], image_id=2))

    assert findings(double) == []


def test_one_box_of_two_classes_is_no_double():
    def double(content):
        content['annotations'].append(dict(content['annotations'][0], category_id=2))

    assert findings(double) == []


def test_crowds_are_nothing_to_train_on():
    def ignore(content):
        for item in content['annotations']:
            item['iscrowd'] = 1

    (found,) = findings(ignore)
    assert found.message == 'none of the 6 objects can be trained on: 6 crowds'
    assert found.is_error
    assert findings(ignore, needs_objects=False) == []


def test_images_and_names_that_are_there_twice():
    def repeat(content):
        content['images'].append(dict(content['images'][0], id=99, source='here'))
        content['categories'].append(dict(id=9, name='cat'))

    twice, names = findings(repeat)
    assert (twice.is_error, twice.message) == (True, '1 images are listed twice')
    assert twice.places == ['file_name a.jpg, here']
    assert (names.is_error, names.places) == (False, ['cat'])

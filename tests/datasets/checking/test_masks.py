from mmdet_plus.datasets.checking.masks import check_masks

IMAGE = dict(width=40, height=20)
SQUARE = [4, 2, 14, 2, 14, 12, 4, 12]
ITEMS = [
    dict(image_id=1, source='a', segmentation=[SQUARE]),
    dict(image_id=1, source='b', segmentation=[[1, 2, 3, 4]]),
    dict(image_id=1, source='c', segmentation=[]),
    dict(image_id=2, source='d'),
    dict(image_id=1, source='e', segmentation=dict(size=[20, 40], counts='')),
]


def test_without_need_unreadable_ones_are_told():
    (warning,) = check_masks(ITEMS, {1: IMAGE}, needed=False)
    assert not warning.is_error
    assert list(warning.places) == ['e: an RLE whose counts cannot be decoded']


def test_single_objects_may_lack_a_mask():
    wrong, without = check_masks(ITEMS, {1: IMAGE}, needed=True)
    assert wrong.is_error
    assert not without.is_error
    assert str(without) == (
        '2 of 5 objects have no mask and are left out (b: a polygon of 4 numbers; it '
        'needs an even number of them, 6 at least; c)'
    )


def test_most_objects_need_a_mask():
    (without,) = check_masks(ITEMS[:3], {1: IMAGE}, needed=True)
    assert without.is_error
    assert 'but 2 of 3 objects have none' in without.message


def test_half_of_the_objects_may_lack_a_mask():
    for number, is_error in ((2, False), (3, True)):
        items = ITEMS[:1] * 2 + ITEMS[2:3] * number
        (without,) = check_masks(items, {1: IMAGE}, needed=True)
        assert without.is_error == is_error


def test_datasets_that_keep_them_need_all_masks():
    (without,) = check_masks(
        ITEMS[:1] * 9 + ITEMS[2:3], {1: IMAGE}, needed=True, drops=False
    )
    assert without.is_error

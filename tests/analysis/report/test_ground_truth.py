import numpy as np
import pytest
from samples.detections import random_data
from samples.five_images import five_images

from mmdet_plus.analysis.report.ground_truth import read_ground_truth


def test_five_images():
    truth = read_ground_truth(five_images()[0])
    assert truth.image_ids.tolist() == [1, 2, 3, 4, 5]
    assert truth.class_names == ('cat', 'dog', 'car')
    assert truth.groups == ('animal', 'animal', 'vehicle')
    assert truth.counts.tolist() == [4, 2, 2]
    assert np.flatnonzero(truth.conditions['occluded']).tolist() == [1, 4]
    assert truth.sizes.tolist() == [[300, 100]] * 5
    assert truth.masks is None
    assert truth.of_image(3) == slice(4, 6)


def test_ids_are_sorted_and_labels_follow_the_file():
    content, _ = five_images()
    content['categories'].reverse()
    content['images'].reverse()
    truth = read_ground_truth(content)
    assert truth.class_names == ('cat', 'dog', 'car')
    assert truth.file_order.tolist() == [2, 1, 0]
    assert truth.files[0] == '1.png'


def test_chosen_classes():
    content, _ = five_images()
    truth = read_ground_truth(content, ('dog',))
    assert truth.counts.tolist() == [2]
    with pytest.raises(ValueError, match="no category 'cow'"):
        read_ground_truth(content, ('cow',))


def test_masks_in_all_of_cocos_forms():
    content, _ = random_data(0, 4, with_masks=True)
    expected = read_ground_truth(content).masks
    first = content['annotations'][0]
    image = next(i for i in content['images'] if i['id'] == first['image_id'])
    assert (image['height'], image['width']) == (200, 200)
    first['segmentation'] = expected[0]
    again = read_ground_truth(content)
    assert again.masks[0] == expected[0]
    first['segmentation'] = dict(size=[200, 200], counts=[0, 40000])
    assert read_ground_truth(content).masks[0] != expected[0]
    del image['height']
    first['segmentation'] = [[0, 0, 5, 0, 5, 5]]
    with pytest.raises(ValueError, match='annotation 1: the image of its polygons'):
        read_ground_truth(content)


def test_crowds_do_not_count():
    content, _ = five_images()
    content['annotations'][0]['iscrowd'] = 1
    truth = read_ground_truth(content)
    assert truth.counts.tolist() == [3, 2, 2]
    assert np.flatnonzero(truth.crowd).tolist() == [0]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(image_id=9), 'image_id 9 is not there'),
        (dict(category_id=9), 'category_id 9 is not there'),
        (dict(bbox=[0, 0, 1]), 'no bbox of four numbers'),
        (dict(bbox=[0, 0, np.nan, 1]), 'numbers that are not finite'),
        (dict(bbox='0 0 1'), 'no bbox of four numbers'),
        (dict(bbox=[0, 0, -1, 1]), 'negative width or height'),
        (dict(iscrowd='no'), "iscrowd must be 0 or 1, got 'no'"),
        (dict(area=-1), 'the area|an area'),
        (dict(image_id=1.5), 'image_id 1.5 is not there'),
        (dict(image_id=10**30), f'image_id {10**30} is not there'),
    ],
)
def test_annotations_that_cannot_be_used(change, message):
    content, _ = five_images()
    content['annotations'][1] |= change
    with pytest.raises(ValueError, match=f'annotation 2.*({message})'):
        read_ground_truth(content)


@pytest.mark.parametrize('part', ['images', 'categories'])
@pytest.mark.parametrize(
    ('id', 'message'),
    [(1.5, 'no whole number'), ('1', 'no whole number'), (10**30, 'too large')],
)
def test_ids_that_cannot_be_used(part, id, message):
    content, _ = five_images()
    content[part][0] = dict(content[part][0], id=id)
    with pytest.raises(ValueError, match=f'(image|category) id .* is {message}'):
        read_ground_truth(content)


def test_categories_of_the_same_name_are_told_apart():
    content, _ = five_images()
    content['categories'][1]['name'] = 'cat'
    truth = read_ground_truth(content)
    assert truth.class_names == ('cat (id 1)', 'cat (id 2)', 'car')


def test_masks_of_another_size_and_of_some_objects():
    content, _ = random_data(0, 4, with_masks=True)
    small = read_ground_truth(content).masks[0]
    content['images'][0].update(width=100)
    annotation = next(
        a for a in content['annotations'] if a['image_id'] == content['images'][0]['id']
    )
    annotation['segmentation'] = small
    with pytest.raises(ValueError, match='200 x 200 pixels, its image has 100 x 200'):
        read_ground_truth(content)
    del annotation['segmentation']
    truth = read_ground_truth(content)
    assert truth.masks is None
    total = len(content['annotations'])
    assert truth.remarks == (
        f'1 of {total} objects have no mask: the report is on boxes only',
    )


def test_sizes_of_images_also_from_masks():
    content, _ = random_data(0, 4, with_masks=True)
    masks = read_ground_truth(content).masks
    content['annotations'].sort(key=lambda a: a['image_id'])
    for annotation, mask in zip(content['annotations'], masks, strict=True):
        annotation['segmentation'] = mask
    with_objects = {a['image_id'] for a in content['annotations']}
    for image in content['images']:
        del image['height']
    truth = read_ground_truth(content)
    for image_id, size in zip(truth.image_ids, truth.sizes, strict=True):
        assert (size.tolist() == [200, 200]) == (image_id in with_objects)

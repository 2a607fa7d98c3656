from samples.labelled_folders import coco_content

from mmdet_plus.analysis.data_check.summary import summarise


def test_numbers_of_a_split():
    found = summarise(coco_content(('a', 'b', 'd')))
    assert (found['images'], found['images_without_objects']) == (3, 1)
    assert found['objects'] == found['small'] == 3
    assert found['objects_per_class'] == dict(cat=1, dog=2)
    assert found['image_sizes'] == {'40 x 20': 3}
    assert found['objects_per_image']['most'] == 2
    assert found['aspect_ratios']['most'] == 2


def test_nothing_at_all():
    assert summarise(coco_content(('d',)))['sides'] == {}


def test_sizes_are_told_apart_by_their_area_as_coco_does():
    sizes = [(31, 33), (32, 32), (95, 97), (96, 96), (200, 50)]
    content = coco_content(('d',))
    content['annotations'] = [
        dict(image_id=1, category_id=2, bbox=[0, 0, *size]) for size in sizes
    ]
    found = summarise(content)
    assert (found['small'], found['medium'], found['large']) == (1, 2, 2)
    assert found['sides'] == dict(
        least=31.984, quarter=32, half=95.995, three_quarters=96, most=100
    )
    assert found['aspect_ratios'] == dict(
        least=0.939, quarter=0.979, half=1, three_quarters=1, most=4
    )


def test_masks_crowds_and_images_are_counted():
    content = coco_content(('a', 'b', 'd', 'e'))
    content['annotations'][0].update(segmentation=[[1, 1, 2, 1, 2, 2]], iscrowd=1)
    content['annotations'][1]['segmentation'] = []
    content['images'][1].update(width=20, height=40)
    found = summarise(content)
    assert (found['objects_with_masks'], found['crowds']) == (1, 1)
    assert found['image_sizes'] == {'40 x 20': 3, '20 x 40': 1}
    assert found['objects_per_image'] == dict(
        least=0, quarter=0.75, half=1.5, three_quarters=2, most=2
    )
    assert [*found['objects_per_class']] == ['cat', 'dog']

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

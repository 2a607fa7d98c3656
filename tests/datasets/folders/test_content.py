import mmcv
import pytest
from PIL import Image
from samples.labelled_folders import coco_content

from mmdet_plus.datasets.folders.content import (
    area_of,
    bbox_of,
    hold_out,
    image_size,
    list_images,
    number_anew,
    used_names,
)
from mmdet_plus.errors import UserError


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp', 'bmp'])
@pytest.mark.parametrize('orientation', range(1, 9))
def test_sizes_are_those_of_the_loaded_image(tmp_path, suffix, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = dict(tif=dict(tiffinfo=exif), bmp={}).get(suffix, dict(exif=exif))
    path = str(tmp_path / f'a.{suffix}')
    Image.new('RGB', (12, 8)).save(path, **options)
    assert image_size(path) == mmcv.imread(path).shape[1::-1]


def test_files_that_are_no_images(tmp_path):
    (tmp_path / 'a.jpg').write_text('text')
    with pytest.raises(UserError, match=r'a\.jpg cannot be read'):
        image_size(str(tmp_path / 'a.jpg'))
    with pytest.raises(UserError, match=r'b\.jpg does not exist'):
        image_size(str(tmp_path / 'b.jpg'))


def test_polygons():
    polygon = [1, 1, 5, 1, 5, 4]
    assert bbox_of(polygon) == [1, 1, 4, 3]
    assert area_of(polygon) == area_of(polygon[::-1]) == 6


def test_numbers_begin_at_1_in_the_order_of_names_and_classes():
    content = coco_content(('b', 'a'))
    for item in content['annotations']:
        item['id'] = 0
    found = number_anew(content, ('dog', 'bird', 'cat'))
    assert [i['file_name'] for i in found['images']] == ['a.jpg', 'b.jpg']
    assert [i['id'] for i in found['annotations']] == [1, 2, 3]
    labels = [(i['image_id'], i['category_id']) for i in found['annotations']]
    assert labels == [(2, 1), (1, 3), (1, 1)]
    assert found['categories'][1] == dict(id=2, name='bird')


def test_names_follow_their_ids():
    content = coco_content(('a',))
    content['categories'].reverse()
    assert used_names(content) == ['cat', 'dog']


def test_a_class_may_have_its_own_name_as_parent():
    categories = [
        dict(id=1, name='cat', supercategory='cat'),
        dict(id=2, name='dog', supercategory='animal'),
        dict(id=3, name='animal', supercategory='none'),
    ]
    content = dict(images=[], annotations=[], categories=categories)
    assert used_names(content) == ['cat', 'dog']


def test_images_are_listed_whatever_the_case_of_their_suffix(tmp_path):
    (tmp_path / 'sub').mkdir()
    for name in ('b.JPG', 'a.Tiff', 'sub/c.webp', '.d.jpg', 'e.txt', 'f.gif', 'jpg'):
        (tmp_path / name).touch()
    assert list_images(str(tmp_path)) == ['a.Tiff', 'b.JPG', 'sub/c.webp']
    assert list_images(str(tmp_path), ('.gif',)) == ['f.gif']


@pytest.mark.parametrize(
    ('fraction', 'number'), [(0.01, 1), (0.2, 1), (0.28, 1), (0.32, 2), (0.9, 4)]
)
def test_so_many_images_are_held_out(tmp_path, fraction, number):
    content = coco_content(('a', 'b', 'c', 'd', 'e'))
    val = hold_out(content, str(tmp_path), keep='val', fraction=fraction)
    train = hold_out(content, str(tmp_path), keep='train', fraction=fraction)
    assert len(val['images']) == number
    assert len(train['images']) == 5 - number
    ids = {image['id'] for image in val['images']}
    assert {item['image_id'] for item in val['annotations']} <= ids
    assert len(val['annotations']) + len(train['annotations']) == 6


def test_names_without_folder_and_suffix_decide_where_an_image_goes(tmp_path):
    content = coco_content(('a', 'b', 'c', 'd', 'e'))
    other = coco_content(('a', 'b', 'c', 'd', 'e'))
    for image in other['images']:
        image['file_name'] = f'images/{image["file_name"][0]}.png'
    for seed in range(4):
        parts = [
            hold_out(c, str(tmp_path), keep='val', fraction=0.4, seed=seed)['images']
            for c in (content, other)
        ]
        assert [i['id'] for i in parts[0]] == [i['id'] for i in parts[1]]


def test_ids_are_ordered_as_numbers_and_used_parents_are_classes():
    categories = [
        dict(id=10, name='fox', supercategory='cat'),
        dict(id=9, name='cat'),
        dict(id=11, name='tree', supercategory='plant'),
        dict(id=8, name='plant'),
    ]
    content = dict(images=[], annotations=[], categories=categories)
    assert used_names(content) == ['fox', 'tree']
    content['annotations'] = [dict(category_id=9)]
    assert used_names(content) == ['cat', 'fox', 'tree']

import mmcv
import pytest
from PIL import Image
from samples.labelled_folders import coco_content

from mmdet_plus.datasets.folders.content import (
    area_of,
    bbox_of,
    image_size,
    number_anew,
    used_names,
)
from mmdet_plus.errors import UserError


@pytest.mark.parametrize('suffix', ['jpg', 'png', 'tif', 'webp', 'bmp'])
@pytest.mark.parametrize('orientation', [1, 3, 6, 8])
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

import pytest
from mmdet.datasets import CocoDataset

from mmdet_plus.cli.preflight.dataset_configs import DatasetConfig, Needs
from mmdet_plus.cli.preflight.formats.coco import check
from mmdet_plus.errors import UserError

KEY = 'train_dataloader.dataset'


def named_otherwise(coco_folder, edit_annotations, kind, key, form):
    def change(content):
        for image in content['images']:
            image[key] = form.format(image.pop('file_name'))

    edit_annotations('train', change)
    files = dict(data_root=str(coco_folder), ann_file='annotations/train.json')
    classes = dict(metainfo=dict(classes=('square', 'disc')))
    prefix = dict(data_prefix=dict(img=''))
    return DatasetConfig(KEY, dict(type=kind, **files, **classes, **prefix))


@pytest.mark.parametrize(
    ('kind', 'key', 'form'),
    [
        ('LVISV1Dataset', 'coco_url', 'http://images.cocodataset.org/images/{}'),
        ('Objects365V2Dataset', 'file_name', 'images/v1/images/{}'),
        ('Objects365V1Dataset', 'file_name', 'images/{}'),
        ('CocoDataset', 'file_name', 'images/{}'),
    ],
)
def test_images_are_named_as_the_dataset_names_them(
    coco_folder, edit_annotations, kind, key, form
):
    found = named_otherwise(coco_folder, edit_annotations, kind, key, form)
    assert check(found, Needs()) == []
    (coco_folder / 'images/2.png').unlink()
    with pytest.raises(UserError, match=r'images/2\.png, listed in .* does not exist'):
        check(found, Needs())


def test_images_of_lvis_need_an_address(coco_folder, edit_annotations):
    form, kind = 'images/{}', 'LVISV1Dataset'
    found = named_otherwise(coco_folder, edit_annotations, kind, 'file_name', form)
    with pytest.raises(UserError, match=r'images\[0\] lacks coco_url'):
        check(found, Needs())


def test_images_named_in_an_unknown_way_are_not_looked_at(
    coco_folder, edit_annotations
):
    class OwnWay(CocoDataset):
        def load_data_list(self):
            return []

    form = 'x/{}'
    found = named_otherwise(coco_folder, edit_annotations, OwnWay, 'place', form)
    assert check(found, Needs()) == []

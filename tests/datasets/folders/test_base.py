import shutil

import pytest
from samples.labelled_folders import (
    OBJECTS,
    coco_content,
    voc_xml,
    write_coco,
    write_image,
    write_voc,
)

from mmdet_plus.datasets.folders import COCOFolderDataset, VOCFolderDataset, recognise
from mmdet_plus.datasets.folders.base import FolderDataset, palette
from mmdet_plus.errors import UserError


def test_colours_differ_and_begin_with_the_same():
    colours = palette(30)
    assert len({*colours}) == 30
    assert palette(3) == colours[:3]
    assert colours[0] == (230, 46, 46)
    assert all(0 <= value <= 255 for colour in colours for value in colour)


class Written(FolderDataset):
    """Content that stands in the test."""

    def content(self):
        return coco_content(('a', 'b', 'c', 'd', 'e'))


def test_contents_belong_to_the_formats():
    with pytest.raises(NotImplementedError):
        FolderDataset(lazy_init=True).content()


def test_classes_and_palette_come_from_the_data():
    dataset = Written(pipeline=[])
    assert dataset.metainfo['classes'] == ('cat', 'dog')
    assert dataset.metainfo['palette'] == palette(2)
    infos = [dataset.get_data_info(index) for index in range(5)]
    labels = [[i['bbox_label'] for i in info['instances']] for info in infos]
    assert labels == [[0, 1], [1], [0], [], [0, 0]]
    assert infos[0]['instances'][1]['bbox'] == [20, 5, 40, 20]


def test_classes_and_palette_of_the_config_are_kept():
    metainfo = dict(classes=('bird', 'dog'), palette=[(1, 2, 3), (4, 5, 6)])
    dataset = Written(pipeline=[], metainfo=metainfo)
    assert dataset.metainfo['palette'] == [(1, 2, 3), (4, 5, 6)]
    infos = [dataset.get_data_info(index) for index in range(5)]
    labels = [[i['bbox_label'] for i in info['instances']] for info in infos]
    assert labels == [[1], [1], [], [], []]


def test_objects_without_a_mask_are_left_out_where_masks_are_needed():
    def masked():
        content = coco_content(('a', 'b'))
        content['annotations'][1]['segmentation'] = [[20, 5, 40, 5, 40, 20]]
        return content

    def kept(**options):
        dataset = Written(pipeline=[], lazy_init=True, **options)
        return [a['id'] for a in dataset.ground_truth(masked())['annotations']]

    assert kept() == [1, 2, 3]
    assert kept(needs_masks=True) == [1]


def test_content_that_is_given_is_not_read_again(monkeypatch):
    dataset = Written(pipeline=[], lazy_init=True)
    monkeypatch.setattr(dataset, 'content', None)
    assert len(dataset.ground_truth(coco_content(('a', 'b')))['images']) == 2


def test_data_without_images_are_refused():
    empty = dict(images=[], annotations=[], categories=[])
    dataset = Written(pipeline=[], lazy_init=True, data_root='somewhere')
    with pytest.raises(UserError, match='somewhere has no images to read'):
        dataset.ground_truth(empty)


def held_out(root, keep, **division):
    dataset = COCOFolderDataset(
        data_root=str(root),
        ann_file='all.json',
        data_prefix=dict(img='train'),
        held_out=dict(keep=keep, **division),
        lazy_init=True,
    )
    return {i['file_name'][0] for i in dataset.ground_truth()['images']}


@pytest.fixture
def coco(tmp_path):
    # All splits are written into one file: the last stays.
    root = write_coco(tmp_path, 'train.json', 'train')
    (root / 'train.json').rename(root / 'all.json')
    return root


def test_parts_are_complements_and_default_to_a_fifth_of_seed_0(coco):
    first = held_out(coco, 'val')
    assert first == held_out(coco, 'val', fraction=0.2, seed=0)
    assert len(first) == 1
    assert not first & held_out(coco, 'train')
    assert first | held_out(coco, 'train') == {*'de'}


def copied(tmp_path, pairs):
    """VOC data without splits of ten images, of which pairs are copies."""
    root = write_voc(tmp_path / 'data', with_sets=False)
    for name in 'fghij':
        write_image(root / f'JPEGImages/{name}.jpg')
        (root / f'Annotations/{name}.xml').write_text(voc_xml('a'))
    for source, target in pairs:
        shutil.copy(
            root / f'JPEGImages/{source}.jpg', root / f'JPEGImages/{target}.jpg'
        )
    return root


@pytest.mark.parametrize('seed', range(6))
def test_copies_stay_on_one_side(tmp_path, seed):
    pairs = [('a', 'f'), ('b', 'g'), ('b', 'h')]
    root = copied(tmp_path, pairs)
    data = recognise(str(root), val_fraction=0.4, split_seed=seed)
    names = {
        split: {i['file_name'][0] for i in data.dataset(split).ground_truth()['images']}
        for split in ('train', 'val')
    }
    assert names['train'] | names['val'] == {*OBJECTS, *'fghij'}
    assert not names['train'] & names['val']
    assert 4 <= len(names['val']) <= 6
    for source, target in pairs:
        assert ({source, target} <= names['train']) != (
            {source, target} <= names['val']
        )


def test_divisions_without_copies_are_what_they_were(tmp_path):
    data = recognise(str(copied(tmp_path, [])), val_fraction=0.3, split_seed=5)
    names = [i['file_name'][0] for i in data.dataset('val').ground_truth()['images']]
    assert names == ['b', 'f', 'g']


def test_copies_only_leave_nothing_to_train_on(tmp_path):
    root = copied(tmp_path, [('a', name) for name in 'bcdefghij'])
    dataset = recognise(str(root)).dataset('train')
    with pytest.raises(UserError, match='10 images, but too few that are no copies'):
        dataset.ground_truth()


def test_voc_is_read_from_its_usual_folders_unless_others_are_said(tmp_path):
    root = write_voc(tmp_path / 'data')
    plain = VOCFolderDataset(data_root=str(root), lazy_init=True)
    assert len(plain.ground_truth()['images']) == len(OBJECTS)
    (root / 'JPEGImages').rename(root / 'photos')
    moved = VOCFolderDataset(
        data_root=str(root), data_prefix=dict(img='photos'), lazy_init=True
    )
    assert len(moved.ground_truth()['images']) == len(OBJECTS)

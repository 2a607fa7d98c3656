import pytest

from mmdet_plus.cli.preflight.dataset_configs import DatasetConfig, Needs
from mmdet_plus.cli.preflight.formats import coco as coco_files
from mmdet_plus.cli.preflight.formats import findings
from mmdet_plus.cli.preflight.formats.coco import (
    CocoSummary,
    check_classes,
    summarise_coco,
)
from mmdet_plus.errors import UserError


def test_summary(coco_folder):
    summary = summarise_coco(str(coco_folder / 'annotations/train.json'))
    assert summary.categories == ('square', 'disc')
    assert {i['file_name'] for i in summary.images} >= {'0.png', '3.png'}
    assert summary.num_annotations == 8


@pytest.mark.parametrize('text', ['', '{"images": [', '\x00\x01'])
def test_corrupt_json(tmp_path, text):
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(UserError, match=r'a\.json is not valid JSON'):
        summarise_coco(str(path))


@pytest.mark.parametrize('text', ['[]', '{}', '3', 'null', '"images"'])
def test_other_json(tmp_path, text):
    path = tmp_path / 'a.json'
    path.write_text(text)
    with pytest.raises(UserError, match='not in COCO format'):
        summarise_coco(str(path))


@pytest.mark.parametrize('name', ['images', 'annotations', 'categories'])
def test_absent_section_is_named(edit_annotations, name):
    path = edit_annotations('train', lambda content: content.pop(name))
    with pytest.raises(UserError, match=f"no list '{name}'"):
        summarise_coco(str(path))


@pytest.mark.parametrize(
    ('section', 'key'),
    [('images', 'width'), ('annotations', 'area'), ('categories', 'name')],
)
def test_absent_key_is_named(edit_annotations, section, key):
    path = edit_annotations('train', lambda content: content[section][1].pop(key))
    with pytest.raises(UserError, match=rf'{section}\[1\] lacks {key}'):
        summarise_coco(str(path))


def test_annotations_may_be_absent_where_nothing_is_measured(edit_annotations):
    path = edit_annotations('val', lambda content: content.pop('annotations'))
    assert summarise_coco(str(path), needs_truth=False).num_annotations == 0


def test_no_images(edit_annotations):
    path = edit_annotations('train', lambda content: content['images'].clear())
    with pytest.raises(UserError, match='lists no images'):
        summarise_coco(str(path))


KEY = 'train_dataloader.dataset'
COUNTS = ['model.bbox_head.num_classes']


def summary(*categories):
    return CocoSummary('a.json', categories, num_annotations=1)


def test_equal_classes_give_no_warning():
    assert check_classes(KEY, ('a', 'b'), summary('a', 'b'), COUNTS) == []


def test_no_common_class_says_how_to_repair_it():
    with pytest.raises(UserError) as caught:
        check_classes(KEY, ('x', 'y'), summary('a', 'b'), COUNTS)
    message = str(caught.value)
    assert 'classes of the config: x, y' in message
    assert 'categories of the file: a, b' in message
    assert "metainfo=dict(classes=('a', 'b'))" in message
    assert '"train_dataloader.dataset.metainfo.classes=(a,b)"' in message
    assert '"val_dataloader.dataset.metainfo.classes=(a,b)"' in message
    assert 'model.bbox_head.num_classes=2' in message


def test_one_category_is_advised_as_a_tuple():
    with pytest.raises(UserError, match=r'metainfo\.classes=\(a,\)'):
        check_classes(KEY, ('x',), summary('a'), COUNTS)


def test_names_with_spaces_are_advised_for_the_config_only():
    with pytest.raises(UserError, match=r"\('traffic light',\)") as caught:
        check_classes(KEY, ('x',), summary('traffic light'), COUNTS)
    assert '--cfg-options' not in str(caught.value)


def test_categories_without_a_class_are_ignored_with_a_warning():
    (line,) = check_classes(KEY, ('a',), summary('a', 'b'), COUNTS)
    assert line.endswith(': b')


@pytest.mark.parametrize(
    ('name', 'meant'), [('Cat', 'cat'), ('cat ', 'cat'), ('cats', 'cat'), ('zzz', '')]
)
def test_classes_that_the_file_does_not_have(name, meant):
    with pytest.raises(UserError, match='does not have these classes') as caught:
        check_classes(KEY, ('dog', name), summary('cat', 'dog'), COUNTS)
    assert (f'did you mean {meant!r}' in str(caught.value)) == bool(meant)


def test_other_order_is_refused_unless_the_dataset_obeys_it():
    with pytest.raises(UserError, match=r'write the classes as \(a, b\)'):
        check_classes(KEY, ('b', 'a'), summary('a', 'b'), COUNTS)
    assert check_classes(KEY, ('b', 'a'), summary('a', 'b'), COUNTS, False) == []


def test_masks_are_read_where_they_are_used(edit_annotations):
    def spoil(content):
        for item in content['annotations']:
            item['segmentation'] = [[1, 1, 9, 1, 9, 9]]
        content['annotations'][2]['segmentation'] = [[1, 1, float('nan'), 1, 9, 9]]

    path = edit_annotations('train', spoil)
    (warning,) = summarise_coco(str(path)).findings
    assert not warning.is_error
    (error,) = summarise_coco(str(path), needs_masks=True).findings
    assert error.is_error
    assert 'annotations[2]: a polygon with something' in str(error)


def test_all_images_are_looked_at_or_how_many_is_said(coco_folder, monkeypatch):
    path = str(coco_folder / 'annotations/train.json')
    dataset = dict(type='CocoDataset', data_root=str(coco_folder))
    dataset |= dict(ann_file='annotations/train.json', data_prefix=dict(img='images/'))
    found = DatasetConfig(
        KEY, dataset | dict(metainfo=dict(classes=('square', 'disc')))
    )
    assert len(summarise_coco(path).images) == 4
    assert coco_files.check(found, Needs()) == []
    summarise_coco.cache_clear()
    monkeypatch.setattr(findings, 'MOST_LOOKED_AT', 2)
    (line,) = coco_files.check(found, Needs())
    assert line == f'{KEY}: 2 of 4 images were looked at'
    summarise_coco.cache_clear()


def test_marks_that_pycocotools_does_not_read(coco_folder):
    path = coco_folder / 'annotations/train.json'
    path.write_bytes(b'\xef\xbb\xbf' + path.read_bytes())
    with pytest.raises(UserError, match='begins with a byte order mark'):
        summarise_coco(str(path))


def test_no_categories(edit_annotations):
    path = edit_annotations('train', lambda content: content['categories'].clear())
    with pytest.raises(UserError, match='lists no categories'):
        summarise_coco(str(path))


@pytest.mark.parametrize('name', ['data.yaml', 'train.txt', '0.xml'])
def test_files_of_other_formats_say_where_to_go(tmp_path, name):
    (tmp_path / name).write_text('train: images')
    with pytest.raises(UserError, match=f'{name} .*--data FOLDER'):
        summarise_coco(str(tmp_path / name))

import pytest

from mmdet_plus.cli.preflight.dataset_configs import DatasetConfig, Needs
from mmdet_plus.cli.preflight.formats import voc as voc_files
from mmdet_plus.cli.preflight.formats.voc import object_names, reads
from mmdet_plus.errors import UserError

KEY = 'train_dataloader.dataset'
COUNTS = ['model.bbox_head.num_classes']
OBJECT = (
    '<object><name>{}</name><bndbox><xmin>1</xmin><ymin>1</ymin>'
    '<xmax>9</xmax><ymax>9</ymax></bndbox></object>'
)


def write_xml(path, *names):
    path.parent.mkdir(exist_ok=True, parents=True)
    objects = ''.join(OBJECT.format(name) for name in names)
    path.write_text(f'<annotation>{objects}</annotation>')


@pytest.fixture
def voc_folder(tmp_path):
    """An image set of two images below ``VOC2007``, with a cat each and one dog."""
    write_xml(tmp_path / 'VOC2007/Annotations/1.xml', 'cat')
    write_xml(tmp_path / 'VOC2007/Annotations/2.xml', 'cat', 'dog')
    (tmp_path / 'set.txt').write_text('1\n2\n')
    return tmp_path


def check(folder, *classes, kind='VOCDataset', needs_objects=True, **changes):
    given = dict(
        type=kind,
        data_root=str(folder),
        ann_file='set.txt',
        data_prefix=dict(sub_data_root='VOC2007/'),
        metainfo=dict(classes=classes),
    )
    dataset = DatasetConfig(KEY, {**given, **changes})
    if not reads(dataset):
        return None
    return voc_files.check(dataset, Needs(True, needs_objects, COUNTS))


@pytest.mark.parametrize('kind', ['VOCDataset', 'XMLDataset'])
def test_known_names_give_no_warning(voc_folder, kind):
    assert check(voc_folder, 'dog', 'cat', 'cow', kind=kind) == []


def test_ignored_names_are_told(voc_folder):
    (line,) = check(voc_folder, 'cat')
    assert line.endswith(': dog')


def test_no_common_name_lists_both(voc_folder):
    with pytest.raises(UserError) as caught:
        check(voc_folder, 'x', 'y')
    message = str(caught.value)
    assert 'classes of the config: x, y' in message
    assert 'names of the objects: cat, dog' in message
    assert 'model.bbox_head.num_classes=2' in message


def test_rare_classes_are_searched_in_all_files(voc_folder, monkeypatch):
    monkeypatch.setattr(voc_files, 'NUM_READ_FIRST', 1)
    assert check(voc_folder, 'cat') == []
    assert check(voc_folder, 'dog')[0].endswith(': cat')


def test_no_objects(voc_folder):
    for name in '12':
        write_xml(voc_folder / f'VOC2007/Annotations/{name}.xml')
    assert check(voc_folder, 'cat', needs_objects=False) == []
    with pytest.raises(UserError, match=r'set\.txt has no annotations'):
        check(voc_folder, 'cat')


def test_malformed_file_is_named(voc_folder):
    (voc_folder / 'VOC2007/Annotations/2.xml').write_text('<annotation><object>')
    with pytest.raises(UserError, match=r'Annotations/2\.xml is not valid XML'):
        check(voc_folder, 'cat')


@pytest.mark.parametrize('part', ['name', 'bndbox/xmax'])
def test_incomplete_object_is_named(tmp_path, part):
    path = tmp_path / 'a.xml'
    write_xml(path, 'cat', 'dog')
    tag = part.split('/')[-1]
    head, _, tail = path.read_text().rpartition(f'<{tag}>')
    path.write_text(head + tail[tail.index(f'</{tag}>') + len(tag) + 3 :])
    with pytest.raises(UserError, match=rf'a\.xml: object\[1\] lacks {part}'):
        object_names([str(path)])


def test_absent_annotation_file_is_named(voc_folder):
    with pytest.raises(UserError, match=r'Other/1\.xml.*ann_subdir'):
        check(voc_folder, 'cat', ann_subdir='Other')
    (voc_folder / 'VOC2007/Annotations').rename(voc_folder / 'VOC2007/Other')
    assert check(voc_folder, 'cat', 'dog', ann_subdir='Other') == []


def test_empty_image_set(voc_folder):
    (voc_folder / 'set.txt').write_text('')
    with pytest.raises(UserError, match=r'set\.txt lists no images'):
        check(voc_folder, 'cat')


def test_datasets_that_find_their_files_otherwise_are_left_out(voc_folder):
    assert check(voc_folder, 'x', kind='WIDERFaceDataset') is None
    assert check(voc_folder, 'x', kind='NoSuchDataset') is None

import pytest
from samples.labelled_folders import write_image

from mmdet_plus.cli.preflight.dataset_configs import DatasetConfig, Needs
from mmdet_plus.cli.preflight.formats import findings
from mmdet_plus.cli.preflight.formats import voc as voc_files
from mmdet_plus.cli.preflight.formats.voc import reads
from mmdet_plus.errors import UserError

KEY = 'train_dataloader.dataset'
COUNTS = ['model.bbox_head.num_classes']
OBJECT = (
    '<object><name>{}</name><bndbox><xmin>1</xmin><ymin>1</ymin>'
    '<xmax>9</xmax><ymax>9</ymax></bndbox></object>'
)


def write_xml(path, *names):
    path.parent.mkdir(exist_ok=True, parents=True)
    image = path.parents[1] / 'JPEGImages' / f'{path.stem}.jpg'
    image.parent.mkdir(exist_ok=True)
    write_image(image)
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
def test_incomplete_object_is_named(voc_folder, part):
    path = voc_folder / 'VOC2007/Annotations/2.xml'
    tag = part.split('/')[-1]
    head, _, tail = path.read_text().rpartition(f'<{tag}>')
    path.write_text(head + tail[tail.index(f'</{tag}>') + len(tag) + 3 :])
    with pytest.raises(UserError, match=rf'2\.xml, object\[1\] (lacks|has no) {part}'):
        check(voc_folder, 'cat')


@pytest.mark.parametrize('text', ['abc', 'nan', 'inf', ''])
def test_numbers_that_are_none_are_named(voc_folder, text):
    path = voc_folder / 'VOC2007/Annotations/2.xml'
    path.write_text(path.read_text().replace('<xmax>9<', f'<xmax>{text}<'))
    with pytest.raises(UserError, match=r'2\.xml, object\[0\]: xmax must be a number'):
        check(voc_folder, 'cat')


def test_it_is_told_if_a_part_of_the_images_was_looked_at(voc_folder, monkeypatch):
    monkeypatch.setattr(findings, 'MOST_LOOKED_AT', 1)
    (line,) = check(voc_folder, 'cat', 'dog')
    assert line == f'{KEY}: 1 of 2 images were looked at'


def test_sizes_of_images_are_compared(voc_folder):
    path = voc_folder / 'VOC2007/Annotations/2.xml'
    whole = path.read_text()

    def state(width, height):
        size = (
            f'<annotation><size><width>{width}</width><height>{height}</height></size>'
        )
        path.write_text(whole.replace('<annotation>', size))

    state(40, 20)
    assert check(voc_folder, 'cat', 'dog') == []
    state(41, 20)
    with pytest.raises(
        UserError, match=r'another size.*2\.jpg is 40 x 20, said 41 x 20'
    ):
        check(voc_folder, 'cat', 'dog')
    state(20, 40)
    with pytest.raises(UserError, match='width and height exchanged'):
        check(voc_folder, 'cat', 'dog')
    state('wide', 20)
    with pytest.raises(UserError, match=r'2\.xml: size must have width and height in'):
        check(voc_folder, 'cat', 'dog')


def test_classes_that_differ_in_case_are_refused(voc_folder):
    with pytest.raises(UserError, match="'Dog', did you mean 'dog'"):
        check(voc_folder, 'cat', 'Dog')


def test_blank_lines_and_other_images_are_refused(voc_folder):
    (voc_folder / 'set.txt').write_text('1\n\n2\n')
    with pytest.raises(UserError, match=r'set\.txt, line 2 is blank'):
        check(voc_folder, 'cat')
    (voc_folder / 'set.txt').write_text('1\n')
    image = voc_folder / 'VOC2007/JPEGImages/1.jpg'
    image.rename(image.with_suffix('.png'))
    with pytest.raises(UserError, match='VOCFolderDataset'):
        check(voc_folder, 'cat')


def test_metrics_need_a_truth(voc_folder):
    dataset = dict(type='VOCDataset', ann_file='set.txt', data_root=str(voc_folder))
    dataset['data_prefix'] = dict(sub_data_root='VOC2007/')
    needs = Needs(metrics=[('val_evaluator', dict(type='CocoMetric'))])
    with pytest.raises(UserError, match='has no ground truth'):
        voc_files.check(DatasetConfig(KEY, dataset), needs)


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


def mark_difficult(folder, text):
    for path in (folder / 'VOC2007/Annotations').iterdir():
        mark = f'<object><difficult>{text}</difficult>'
        path.write_text(path.read_text().replace('<object>', mark))


def test_difficult_objects_are_not_trained_on(voc_folder):
    mark_difficult(voc_folder, '0')
    assert check(voc_folder, 'cat', 'dog') == []
    mark_difficult(voc_folder, '1')
    with pytest.raises(UserError, match=r'none of the 3 objects .* difficult'):
        check(voc_folder, 'cat', 'dog')


def test_a_mark_that_the_dataset_cannot_read(voc_folder):
    mark_difficult(voc_folder, 'Unspecified')
    with pytest.raises(UserError, match=r"difficult must be 0 or 1, got 'U"):
        check(voc_folder, 'cat', 'dog')

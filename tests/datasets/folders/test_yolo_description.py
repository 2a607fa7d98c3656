import pytest
from samples.labelled_folders import NAMES, SPLITS, write_image, write_yolo, yolo_lines

from mmdet_plus.datasets.folders import recognise
from mmdet_plus.datasets.folders.yolo import label_file
from mmdet_plus.errors import UserError


@pytest.fixture
def yolo(tmp_path):
    return write_yolo(tmp_path / 'data', 'images/{split}', 'names: [cat, dog]\n')


def write_flat(root, images, labels):
    for names in SPLITS.values():
        for name in names:
            write_image(root / images / f'{name}.jpg')
            (root / labels).mkdir(parents=True, exist_ok=True)
            (root / labels / f'{name}.txt').write_text(yolo_lines(name))
    return root


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('names: [cat, dog\ntrain: x', r'data\.yaml, line 2 is not valid YAML'),
        ('names: [cat, dog]\nnc: 3', 'nc is 3, but there are 2 names'),
        ('names: [cat, dog]\nnc: two', 'nc is two, but there are 2 names'),
        ('names: {1: cat, 2: dog}', 'must be numbered 0 to 1, got 1, 2'),
        ('names: {0: cat, b: dog}', 'must be numbered 0 to 1, got 0, b'),
        ('names: [cat, [dog]]', r'names\[1\] is a list, not a text'),
        ("names: [cat, '']", r'names\[1\] is empty, not a text'),
        ('names:', 'has no names'),
        ('names: cat', 'has no names'),
        ('nc: 2', 'has no names'),
        ('- cat', 'must be a table'),
        ('names: [cat, dog]\ntrain: photos', 'train: photos, which is not there'),
        (
            'names: [cat, dog]\ntrain: [images/train, images/more]',
            'train: images/more, which is not there',
        ),
        ('names: [cat, dog]\ntrain: {a: b}', 'train must be a folder or a list'),
        ('names: [cat, dog]\ntrain: ' + 'x' * 300, 'x, which is not there'),
        ('names: [cat, dog]\nkpt_shape: 17', 'kpt_shape must be the number of points'),
        ('names: [cat, dog]\nkpt_shape: [17, 4]', r'kpt_shape must .* "\[17, 3\]"'),
        ('names: [cat, dog]\nkpt_shape: [0, 3]', 'kpt_shape must be'),
        ('names: [cat, dog]\nkpt_shape: [a, 3]', 'kpt_shape must be'),
        ('names: [cat, dog]\nkpt_shape: [1, 2, 3]', 'kpt_shape must be'),
        ('names: &n [*n, dog]', 'is not valid YAML'),
        ('!!python/object/apply:os.system [ls]', 'must be a table'),
        ('names: [cat, "a', 'is not valid YAML'),
    ],
)
def test_broken_descriptions(yolo, text, message):
    (yolo / 'data.yaml').write_text(text)
    with pytest.raises(UserError, match=message):
        recognise(str(yolo))


def test_a_description_that_is_no_file(yolo):
    (yolo / 'data.yaml').unlink()
    (yolo / 'other.yaml').mkdir()
    with pytest.raises(UserError, match='nothing names the classes'):
        recognise(str(yolo))
    (yolo / 'data.yaml').mkdir()
    with pytest.raises(UserError, match=r'data\.yaml is a folder; it must be a file'):
        recognise(str(yolo))
    (yolo / 'data.yaml').rmdir()
    (yolo / 'data.yaml').symlink_to('/nowhere/data.yaml')
    with pytest.raises(UserError, match=r'data\.yaml cannot be read: No such file'):
        recognise(str(yolo))


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('names: [yes, no]', ('yes', 'no')),
        ('names: [null, ~]', ('null', '~')),
        ('names: [007, 1.0]', ('007', '1.0')),
        ('names: {0: on, 1: off}', ('on', 'off')),
        ("names: {'1': dog, '0': cat}", ('cat', 'dog')),
        ('names: {1: dog, 0: 2024-01-01}', ('2024-01-01', 'dog')),
        ('names: [cat, dog]\nnc: 2\npath:\ntrain: null\nval: ~', NAMES),
    ],
)
def test_names_are_read_as_they_are_written(yolo, text, names):
    (yolo / 'data.yaml').write_text(text)
    assert recognise(str(yolo)).classes == names


@pytest.mark.parametrize('name', ['classes.txt', 'obj.names', 'labels/classes.txt'])
def test_lists_of_names(yolo, name):
    (yolo / 'data.yaml').unlink()
    (yolo / name).write_bytes(b'\xef\xbb\xbfcat\r\ndog\r\n\r\n\r\n')
    data = recognise(str(yolo))
    assert data.classes == NAMES
    assert data.remarks == ()
    (yolo / name).write_text('cat\n\ndog\n')
    with pytest.raises(UserError, match=rf'{name}, line 2 is blank'):
        recognise(str(yolo))


def test_an_absent_test_split_is_only_told(yolo):
    text = 'names: [cat, dog]\nval: images/val\ntest: ../test/images\n'
    (yolo / 'data.yaml').write_text(text)
    data = recognise(str(yolo))
    assert set(data.splits) == {'train', 'val'}
    assert data.remarks == ('data.yaml says test: ../test/images, which is not there',)


@pytest.mark.parametrize(
    ('images', 'labels'), [('images', 'labels'), ('', ''), ('images', 'images')]
)
def test_folders_without_splits_are_divided(tmp_path, images, labels):
    root = write_flat(tmp_path / 'data', images, labels)
    (root / 'classes.txt').write_text('cat\ndog\n')
    (root / 'notes.json').write_text('{"categories": [{"id": 0, "name": "cat"}]}')
    data = recognise(str(root), val_fraction=0.4, split_seed=3)
    assert data.format == 'YOLO'
    parts = [data.dataset(split).ground_truth() for split in ('train', 'val')]
    stems = [[i['file_name'].split('/')[-1][0] for i in p['images']] for p in parts]
    assert stems == [['b', 'c', 'd'], ['a', 'e']]
    assert [len(part['annotations']) for part in parts] == [2, 4]
    assert len(data.remarks) == 1


def test_lists_of_images_written_for_another_folder(tmp_path):
    root = write_flat(tmp_path / 'export', 'obj_train_data', 'obj_train_data')
    (root / 'obj.names').write_text('cat\ndog\n')
    lines = [f'data/obj_train_data/{name}.jpg\n' for name in 'abc']
    (root / 'train.txt').write_text(''.join(lines))
    data = recognise(str(root))
    images = data.dataset('train').content()['images']
    assert [i['file_name'] for i in images] == [
        f'obj_train_data/{n}.jpg' for n in 'abc'
    ]
    assert '2 images are in no split' in data.remarks[1]


def test_labels_beside_images_below_a_folder_called_images(tmp_path):
    root = write_flat(tmp_path / 'images/data', '', '')
    (root / 'classes.txt').write_text('cat\ndog\n')
    content = recognise(str(root)).dataset('train').content()
    assert len(content['annotations']) == 6


@pytest.mark.parametrize(
    'stated', ['.', './', '../data', 'nowhere', '/nowhere', '', '~', 'null']
)
def test_paths_that_are_there_and_not(yolo, stated):
    text = f'path: {stated}\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n'
    (yolo / 'data.yaml').write_text(text)
    data = recognise(str(yolo))
    assert data.remarks == ()
    assert len(data.dataset('train').content()['images']) == 3


def test_a_path_leads_to_other_folders(yolo, tmp_path):
    other = write_yolo(tmp_path / 'other', 'images/{split}', '')
    (other / 'images/train/a.jpg').unlink()
    for stated in (other, '../other'):
        text = f'path: {stated}\ntrain: images/train\nval: images/val\n'
        (yolo / 'data.yaml').write_text(text + 'names: [cat, dog]\n')
        images = recognise(str(yolo)).dataset('train').content()['images']
        names = [image['file_name'].rsplit('/', 3)[0] for image in images]
        assert len(names) == 2
        assert all(name.endswith('other') for name in names)


def test_descriptions_under_other_names(yolo):
    text = (yolo / 'data.yaml').read_text()
    (yolo / 'a.yaml').write_text('names: [one, two]\n')
    (yolo / 'dataset.yml').write_text('names: [three, four]\n')
    assert recognise(str(yolo)).classes == NAMES
    (yolo / 'data.yaml').unlink()
    assert recognise(str(yolo)).classes == ('three', 'four')
    (yolo / 'dataset.yml').unlink()
    (yolo / 'b.yaml').write_text(text)
    assert recognise(str(yolo)).classes == ('one', 'two')
    (yolo / 'a.yaml').write_text('epochs: 3\n')
    assert recognise(str(yolo)).classes == NAMES


def test_the_last_folder_called_images_is_that_of_the_data(tmp_path):
    # Nearer folders count: those above may be called so by chance.
    image = tmp_path / 'images/data/images/train/a.jpg'
    assert label_file(image) == tmp_path / 'images/data/labels/train/a.txt'


def test_labels_in_their_folder_come_before_texts_beside_images(yolo):
    (yolo / 'images/train/b.txt').write_text('0 0.5 0.5 0.1 0.1\n')
    content = recognise(str(yolo)).dataset('train').ground_truth()
    assert [a['category_id'] for a in content['annotations']] == [1, 2, 2, 1]


def test_objects_of_broken_images_are_left_out(yolo):
    (yolo / 'images/train/a.jpg').write_bytes(b'x')
    content = recognise(str(yolo)).dataset('train').content()
    assert [a['image_id'] for a in content['annotations']] == [2, 3]


def test_one_of_two_usual_folders_is_taken(yolo):
    write_yolo(yolo, '{split}/images', 'names: [cat, dog]\n')
    content = recognise(str(yolo)).dataset('train').content()
    names = [image['file_name'] for image in content['images']]
    assert names == [f'images/train/{name}.jpg' for name in 'abc']


def test_folders_that_were_several_above(yolo):
    text = 'train: ../../images/train\nval: ../../images/val\nnames: [cat, dog]\n'
    (yolo / 'data.yaml').write_text(text)
    data = recognise(str(yolo))
    assert [len(data.dataset(s).content()['images']) for s in SPLITS] == [3, 2]

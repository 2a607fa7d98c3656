import shutil

import pytest
from samples.labelled_folders import coco_content, write_image

from mmdet_plus.datasets.checking.splits import check_splits

CLASSES = ('cat', 'dog')


@pytest.fixture
def write(tmp_path):
    """Writes an image for each name and gives what ``check_splits`` takes."""

    def write(*splits):
        folders = {name: str(tmp_path / name) for name in splits}
        contents = {name: coco_content(('a', 'b')) for name in splits}
        for name in splits:
            for number, image in enumerate(contents[name]['images']):
                image['file_name'] = f'{name}{number}.jpg'
                write_image(tmp_path / name / image['file_name'])
        return contents, folders

    return write


def share(tmp_path, first, second):
    source = tmp_path / first / f'{first}0.jpg'
    shutil.copy(source, tmp_path / second / f'{second}1.jpg')


def test_splits_of_other_images_are_fine(write):
    assert check_splits(*write('train', 'val', 'test'), CLASSES) == []


@pytest.mark.parametrize('order', [('train', 'val', 'test'), ('test', 'val', 'train')])
@pytest.mark.parametrize(
    ('first', 'second', 'is_error', 'reason'),
    [
        ('train', 'val', True, 'was trained on'),
        ('train', 'test', False, 'was trained on'),
        ('val', 'test', False, 'is chosen on what it is tested on'),
    ],
)
def test_shared_images(write, tmp_path, order, first, second, is_error, reason):
    contents, folders = write(*order)
    share(tmp_path, first, second)
    (found,) = check_splits(contents, folders, CLASSES)
    assert found.is_error == is_error
    assert found.message.startswith(f'1 images are in {first} and in {second}: ')
    assert found.message.endswith(f'{reason}; take them out of one')
    assert found.places == [
        f'{tmp_path}/{second}/{second}1.jpg = {tmp_path}/{first}/{first}0.jpg'
    ]
    assert found.images == [f'{second}1.jpg']


def test_one_path_in_two_splits(write):
    contents, folders = write('train', 'val')
    contents['val'], folders['val'] = contents['train'], folders['train']
    (found,) = check_splits(contents, folders, CLASSES)
    assert found.is_error
    assert found.message.startswith('2 images')
    assert found.images == ['train0.jpg', 'train1.jpg']


def test_few_shared_images_of_many_are_a_warning(write, tmp_path):
    contents, folders = write('train', 'val')
    share(tmp_path, 'train', 'val')
    absent = [dict(file_name=f'absent{n}.jpg', id=9 + n) for n in range(98)]
    contents['val']['images'] += absent
    (found,) = check_splits(contents, folders, CLASSES)
    assert not found.is_error
    contents['val']['images'].pop()
    assert check_splits(contents, folders, CLASSES)[0].is_error


def test_copies_in_one_split_are_no_finding(write, tmp_path):
    contents, folders = write('train', 'val')
    shutil.copy(tmp_path / 'train/train0.jpg', tmp_path / 'train/train1.jpg')
    assert check_splits(contents, folders, CLASSES) == []


def test_classes_without_objects_are_told_by_split(write):
    contents, folders = write('train', 'val')
    contents['val']['annotations'] = contents['val']['annotations'][:1]
    (found,) = check_splits(contents, folders, CLASSES)
    assert (found.is_error, found.message) == (False, 'val has no object of dog')
    contents['val']['images'] = []
    assert check_splits(contents, folders, CLASSES) == []


def test_crowds_are_no_objects_of_a_split(write):
    contents, folders = write('train', 'val')
    for item in contents['train']['annotations']:
        item['iscrowd'] = int(item['category_id'] == 2)
    (found,) = check_splits(contents, folders, CLASSES)
    assert (found.is_error, found.message) == (False, 'train has no object of dog')


def test_only_a_validation_beside_a_training_needs_objects(write):
    contents, folders = write('train', 'val')
    contents['val']['annotations'] = []
    (found,) = check_splits(contents, folders, CLASSES)
    assert found.is_error
    assert 'nothing can be measured' in found.message
    alone = check_splits(dict(val=contents['val']), folders, CLASSES)
    assert [one.is_error for one in alone] == [False]


def test_names_that_differ_in_case_or_spaces(write):
    found = check_splits(*write('train'), ('cat', 'dog', ' Dog', 'DOG', 'Cat'))
    (alike,) = [one for one in found if 'differ' in one.message]
    assert alike.places == ["'Cat' and 'cat'", "' Dog' and 'DOG' and 'dog'"]


def test_no_class_in_common_is_an_error(write):
    contents, folders = write('train', 'val')
    for split, label in (('train', 1), ('val', 2)):
        kept = [a for a in contents[split]['annotations'] if a['category_id'] == label]
        contents[split]['annotations'] = kept
    (error,) = [one for one in check_splits(contents, folders, CLASSES) if one.is_error]
    assert error.message.startswith('no class of val (dog) is one of train (cat)')

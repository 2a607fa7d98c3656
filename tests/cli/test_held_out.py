from argparse import Namespace

import pytest
from mmengine.config import Config
from samples.labelled_folders import write_voc

from mmdet_plus.cli.held_out import as_in_training, division_of
from mmdet_plus.datasets.folders import recognise
from mmdet_plus.errors import UserError

WRAPPED = dict(type='RepeatDataset', times=2)


def checkpoint(**held_out):
    inner = dict(type='VOCFolderDataset', held_out=held_out)
    cfg = Config(dict(train_dataloader=dict(dataset=dict(WRAPPED, dataset=inner))))
    return dict(meta=dict(cfg=cfg.pretty_text))


def arguments(**changes):
    given = dict(val_fraction=None, split_seed=None, checkpoint='c.pth')
    return Namespace(**given | changes)


@pytest.fixture
def data(tmp_path):
    return recognise(str(write_voc(tmp_path / 'data', with_sets=False)))


def names(data, split):
    images = data.dataset(split).ground_truth()['images']
    return {image['file_name'] for image in images}


def test_the_division_of_the_training_is_taken(data, tmp_path):
    trained = recognise(str(tmp_path / 'data'), val_fraction=0.4, split_seed=3)
    saved = checkpoint(**trained.splits['train']['held_out'])
    found = as_in_training(data, saved, arguments())
    assert names(data, 'val') != names(trained, 'val') == names(found, 'val')
    assert not names(trained, 'train') & names(found, 'val')
    told = 'these are the images that the training of c.pth held out'
    assert found.remarks == (*trained.remarks, told)
    assert '0.4 of the images, chosen by their names and seed 3' in found.remarks[0]
    same = as_in_training(data, saved, arguments(val_fraction=0.4, split_seed=3))
    assert same == found


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(split_seed=0), '--split-seed 0: .* was trained with 3'),
        (dict(val_fraction=0.2), r'--val-fraction 0\.2: .* was trained with 0\.4'),
    ],
)
def test_another_division_is_refused(data, changes, message):
    saved = checkpoint(keep='train', fraction=0.4, seed=3)
    with pytest.raises(UserError, match=message):
        as_in_training(data, saved, arguments(**changes))


def test_trainings_without_division_and_data_with_splits_are_left_alone(data, tmp_path):
    for saved in (checkpoint(), {}, dict(meta=dict(cfg='import os'))):
        assert division_of(saved) is None
        assert as_in_training(data, saved, arguments(split_seed=1)) == data
    whole = recognise(str(write_voc(tmp_path / 'whole')))
    saved = checkpoint(keep='train', fraction=0.4, seed=3)
    assert as_in_training(whole, saved, arguments()) == whole


def other_checkpoint(root):
    held_out = dict(keep='train', fraction=0.4, seed=3)
    inner = dict(type='VOCFolderDataset', data_root=str(root), held_out=held_out)
    cfg = Config(dict(train_dataloader=dict(dataset=inner)))
    return dict(meta=dict(cfg=cfg.pretty_text))


def test_another_folder_is_measured_whole(data, tmp_path):
    saved = other_checkpoint(tmp_path / 'elsewhere')
    found = as_in_training(data, saved, arguments())
    assert len(names(found, 'val')) == 5
    (told,) = found.remarks
    assert told.startswith(f'c.pth was trained on {tmp_path}/elsewhere, another folder')
    assert 'all images are measured on' in told


def test_another_folder_is_divided_as_asked(data, tmp_path):
    saved = other_checkpoint(tmp_path / 'elsewhere')
    found = as_in_training(data, saved, arguments(split_seed=0))
    assert found.splits == data.splits
    assert found.remarks[-1].endswith('divided as the flags say')


def test_the_folder_of_the_training_is_known_under_another_path(data, tmp_path):
    (tmp_path / 'link').symlink_to(tmp_path / 'data')
    found = as_in_training(data, other_checkpoint(tmp_path / 'link'), arguments())
    assert len(names(found, 'val')) == 2


def test_what_a_config_leaves_out_is_as_the_dataset_takes_it(data):
    assert division_of(checkpoint(keep='train', seed=3)) == dict(
        fraction=0.2, seed=3, root=None
    )
    assert division_of(checkpoint(keep='train', fraction=0.4)) == dict(
        fraction=0.4, seed=0, root=None
    )


def test_a_test_split_is_measured_whatever_was_held_out(tmp_path):
    root = write_voc(tmp_path / 'data')
    (root / 'ImageSets/Main/train.txt').rename(root / 'ImageSets/Main/trainval.txt')
    (root / 'ImageSets/Main/val.txt').rename(root / 'ImageSets/Main/test.txt')
    data = recognise(str(root))
    assert 'held_out' in data.splits['val']
    saved = checkpoint(keep='train', fraction=0.4, seed=3)
    assert as_in_training(data, saved, arguments(split_seed=0)) == data

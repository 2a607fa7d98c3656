import hashlib
from fractions import Fraction

import pytest
import torch

from mmdet_plus.errors import UserError
from mmdet_plus.zoo import load_index
from mmdet_plus.zoo.publishing import metafile_entry, publish


@pytest.fixture
def checkpoint(tmp_path):
    path = tmp_path / 'epoch_12.pth'
    content = dict(
        state_dict=dict(weight=torch.rand(3), steps=torch.tensor(7)),
        optimizer=dict(state={0: torch.rand(1000)}),
        meta=dict(epoch=12, dataset_meta=dict(classes=('square', 'disc'))),
    )
    torch.save(content, path)
    return path


@pytest.mark.parametrize('half', [False, True])
def test_only_weights_and_classes_stay(checkpoint, tmp_path, half):
    path = publish(checkpoint, tmp_path / 'out', 'net_shapes', half=half)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert path.name == f'net_shapes-{digest[:8]}.pth'
    assert [p.name for p in path.parent.iterdir()] == [path.name]
    content = torch.load(path, weights_only=True)
    assert content.keys() == {'state_dict', 'meta'}
    assert content['meta'] == dict(dataset_meta=dict(classes=('square', 'disc')))
    weight = content['state_dict']['weight']
    assert weight.dtype == (torch.float16 if half else torch.float32)
    before = torch.load(checkpoint)['state_dict']['weight']
    torch.testing.assert_close(weight.float(), before, atol=1e-3, rtol=1e-3)
    assert content['state_dict']['steps'] == 7


def test_the_printed_entry_is_one_of_the_index(checkpoint, tmp_path):
    path = publish(checkpoint, tmp_path / 'out', 'net_shapes')
    entry = metafile_entry(path, 'https://example.com/net.pth')
    text = 'Models:\n  - Name: net_shapes\n    Config: configs/net/net_shapes.py\n'
    (tmp_path / 'metafile.yml').write_text(text + entry)
    (tmp_path / 'model-index.yml').write_text('Import: [metafile.yml]')
    file = load_index(tmp_path)['net_shapes'].file
    assert file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert file.size == path.stat().st_size
    assert file.urls == ('https://example.com/net.pth',)


def test_values_beyond_half_precision_are_refused(tmp_path):
    state_dict = {'bn.running_var': torch.tensor([1.0, 70000.0])}
    torch.save(dict(state_dict=state_dict), tmp_path / 'net.pth')
    with pytest.raises(UserError, match=r'bn\.running_var holds values above 65504'):
        publish(tmp_path / 'net.pth', tmp_path / 'out', 'net', half=True)
    assert publish(tmp_path / 'net.pth', tmp_path / 'out', 'net').is_file()


def test_more_than_weights_asks_for_trust(checkpoint, tmp_path):
    content = torch.load(checkpoint, weights_only=True)
    torch.save({**content, 'extra': Fraction(1, 2)}, checkpoint)
    with pytest.raises(UserError, match='--unsafe-load'):
        publish(checkpoint, tmp_path / 'out', 'net')
    path = publish(checkpoint, tmp_path / 'out', 'net', unsafe=True)
    assert 'extra' not in torch.load(path, weights_only=True)


def test_files_without_weights_are_refused(tmp_path):
    torch.save(dict(model=1), tmp_path / 'other.pth')
    with pytest.raises(UserError, match=r"no state_dict, only \['model'\]"):
        publish(tmp_path / 'other.pth', tmp_path, 'net')


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (dict(state_dict={}), 'the state_dict of the checkpoint is empty'),
        (dict(state_dict=dict(weight=1)), 'weight in state_dict is a int, no weight'),
    ],
)
def test_checkpoints_with_other_things_are_refused(tmp_path, content, message):
    torch.save(content, tmp_path / 'net.pth')
    with pytest.raises(UserError, match=message):
        publish(tmp_path / 'net.pth', tmp_path / 'out', 'net')
    assert not (tmp_path / 'out').exists()


def test_a_checkpoint_needs_no_meta(tmp_path):
    torch.save(dict(state_dict=dict(w=torch.ones(1)), meta=None), tmp_path / 'net.pth')
    path = publish(tmp_path / 'net.pth', tmp_path / 'out', 'net')
    assert torch.load(path)['meta'] == dict(dataset_meta={})


def test_names_and_folders_that_cannot_be(checkpoint, tmp_path):
    for name in ('', 'a/b'):
        with pytest.raises(UserError, match='--name is the stem of a config'):
            publish(checkpoint, tmp_path / 'out', name)
    with pytest.raises(UserError, match=r'epoch_12\.pth is a file, not a folder'):
        publish(checkpoint, checkpoint, 'net')


def test_weights_of_a_diverged_training_are_refused(checkpoint, tmp_path):
    content = torch.load(checkpoint)
    content['state_dict']['weight'][1] = float('nan')
    torch.save(content, checkpoint)
    with pytest.raises(UserError, match='1 of 2 weights in the checkpoint hold NaN'):
        publish(checkpoint, tmp_path / 'out', 'net')
    assert not (tmp_path / 'out').exists()

import os
from fractions import Fraction
from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from mmdet.apis import init_detector
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_loaders
from mmengine.runner import load_checkpoint
from mmengine.runner.checkpoint import CheckpointLoader
from safetensors.torch import save_file

from mmdet_plus.errors import UserError
from mmdet_plus.zoo import (
    UnsafeCheckpointError,
    load_checkpoint_file,
    safe_loading,
    unsafe_loading,
)


class Malicious:
    """What unpickling would run."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def test_what_training_writes_is_loaded(tmp_path):
    history = HistoryBuffer([1.0, 3.0], [1, 1])
    content = dict(
        state_dict=dict(weight=torch.arange(3.0)),
        message_hub=dict(log_scalars=dict(loss=history)),
        meta=dict(epoch=3, time='now', rate=np.float64(0.5), table=np.eye(2)),
        counts=np.array([1, 2], dtype=np.int64),
        name=np.str_('net'),
    )
    torch.save(content, tmp_path / 'epoch_3.pth')
    loaded = load_checkpoint_file(tmp_path / 'epoch_3.pth')
    assert torch.equal(loaded['state_dict']['weight'], torch.arange(3.0))
    buffer = loaded['message_hub']['log_scalars']['loss']
    assert buffer.mean() == 2
    assert buffer.statistics('max') == 3
    assert loaded['meta']['rate'] == 0.5
    assert np.array_equal(loaded['meta']['table'], np.eye(2))
    assert loaded['counts'].dtype == np.int64
    assert loaded['name'] == 'net'


def test_what_training_wrote_with_numpy_1_is_loaded(tmp_path, monkeypatch):
    content = dict(state_dict={}, log=HistoryBuffer([3.0], [1]), rate=np.float64(0.5))
    for value in (np.empty(0), np.float64(0)):
        function = value.__reduce__()[0]
        monkeypatch.setattr(function, '__module__', 'numpy.core.multiarray')
    torch.save(content, tmp_path / 'old.pth')
    monkeypatch.undo()
    assert b'numpy.core.multiarray' in (tmp_path / 'old.pth').read_bytes()
    loaded = load_checkpoint_file(tmp_path / 'old.pth')
    assert loaded['log'].current() == 3
    assert loaded['rate'] == 0.5


@pytest.mark.parametrize('legacy', [False, True])
def test_code_in_a_checkpoint_is_refused_and_does_not_run(tmp_path, legacy):
    target = tmp_path / 'ran'
    content = dict(state_dict={}, extra=Malicious(os.mkdir, str(target)))
    path = tmp_path / 'bad.pth'
    torch.save(content, path, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth holds .*posix\.mkdir'):
        load_checkpoint_file(path)
    assert not target.exists()
    load_checkpoint_file(path, unsafe=True)
    assert target.is_dir()


@pytest.mark.parametrize(
    'arguments', [(HistoryBuffer, '__init__'), (HistoryBuffer, 'register_statistics')]
)
def test_getattr_gives_nothing_but_the_statistics(tmp_path, arguments):
    torch.save(
        dict(state_dict={}, x=Malicious(getattr, *arguments)), tmp_path / 'b.pth'
    )
    with pytest.raises(UnsafeCheckpointError, match='is not allowed'):
        load_checkpoint_file(tmp_path / 'b.pth')


def test_unknown_types_are_named(tmp_path):
    torch.save(dict(state_dict={}, x=Fraction(1, 2)), tmp_path / 'c.pth')
    message = r'fractions\.Fraction.*--unsafe-load'
    with pytest.raises(UnsafeCheckpointError, match=message):
        load_checkpoint_file(tmp_path / 'c.pth')


def test_safetensors(tmp_path):
    save_file(dict(weight=torch.ones(2)), tmp_path / 'net.safetensors')
    loaded = load_checkpoint_file(tmp_path / 'net.safetensors')
    assert torch.equal(loaded['state_dict']['weight'], torch.ones(2))


def test_missing_and_damaged_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r'absent\.pth does not exist'):
        load_checkpoint_file(tmp_path / 'absent.pth')
    torch.save(dict(state_dict=dict(weight=torch.rand(999))), tmp_path / 'whole.pth')
    whole = (tmp_path / 'whole.pth').read_bytes()
    for content in (b'PK\x03\x04 and no more', whole[:2000], b'', b'# Title\n'):
        (tmp_path / 'half.pth').write_bytes(content)
        for unsafe in (False, True):
            with pytest.raises(UserError, match=r'half\.pth is not a che') as caught:
                load_checkpoint_file(tmp_path / 'half.pth', unsafe=unsafe)
            assert not isinstance(caught.value, UnsafeCheckpointError)
    torch.save([1, 2], tmp_path / 'list.pth')
    with pytest.raises(UserError, match=r'list\.pth holds no weights, but a list'):
        load_checkpoint_file(tmp_path / 'list.pth')


def test_failed_downloads_name_url_and_place(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))

    def download(url, path, hash_prefix):
        raise URLError('no network')

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    place = tmp_path / 'checkpoints' / 'net.pth'
    with pytest.raises(UserError) as caught:
        safe_loading._cached_file('https://example.com/net.pth')
    assert 'https://example.com/net.pth cannot be downloaded' in str(caught.value)
    assert f'put the file here: {place}' in str(caught.value)


def test_mmengine_loads_safely_from_import_on(tmp_path):
    target = tmp_path / 'ran'
    path = tmp_path / 'bad.pth'
    torch.save(dict(x=Malicious(os.mkdir, str(target))), path)
    with pytest.raises(UnsafeCheckpointError):
        CheckpointLoader.load_checkpoint(str(path))
    assert not target.exists()
    with unsafe_loading():
        CheckpointLoader.load_checkpoint(str(path))
    assert target.exists()
    with pytest.raises(UnsafeCheckpointError):
        CheckpointLoader.load_checkpoint(str(path))


def test_downloads_are_loaded_safely(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    fetched = []

    def download(url, path, hash_prefix):
        fetched.append((url, hash_prefix))
        torch.save(dict(x=Malicious(os.mkdir, str(tmp_path / 'ran'))), path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    url = 'https://example.com/resnet50-0676ba61.pth'
    for _ in range(2):
        with pytest.raises(UnsafeCheckpointError):
            CheckpointLoader.load_checkpoint(url)
    assert fetched == [(url, '0676ba61')]  # the second time it is in the cache
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    ('where', 'is_url'),
    [
        ('torchvision://net', True),
        ('open-mmlab://net', True),
        ('open-mmlab://net', False),
    ],
)
def test_other_places_are_loaded_safely(tmp_path, monkeypatch, where, is_url):
    path = tmp_path / 'checkpoints' / 'bad.pth'
    path.parent.mkdir()
    torch.save(dict(x=Malicious(os.mkdir, str(tmp_path / 'ran'))), path)
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    urls = dict(net='https://example.com/bad.pth' if is_url else str(path))
    for name in ('get_torchvision_models', 'get_external_models'):
        monkeypatch.setattr(mmengine_loaders, name, lambda: urls)
    with pytest.raises(UnsafeCheckpointError):
        CheckpointLoader.load_checkpoint(where)
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    ('name', 'expected'),
    [
        ('resnet50-0676ba61.pth', '0676ba61'),
        ('mask_rcnn_bbox_mAP-0.408__segm_mAP-0.37_20200504-42aa3d00.pth', '42aa3d00'),
        ('R-50.pkl', None),
        ('net-2.pth', None),
    ],
)
def test_only_a_hash_at_the_end_of_the_name_is_checked(
    tmp_path, monkeypatch, name, expected
):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    seen = []

    def download(url, path, hash_prefix):
        seen.append(hash_prefix)
        torch.save({}, path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    path = safe_loading._cached_file(f'https://example.com/{name}?raw=1')
    assert (path.name, seen) == (name, [expected])


def test_processes_without_the_file_of_the_first_fetch_it(tmp_path, monkeypatch):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    monkeypatch.setattr(safe_loading, 'get_rank', lambda: 8)
    seen = []
    monkeypatch.setattr(safe_loading, 'barrier', lambda: seen.append('barrier'))

    def download(url, path, hash_prefix):
        seen.append('download')
        torch.save({}, path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    safe_loading._cached_file('https://example.com/net.pth')
    assert seen == ['barrier', 'download']


def test_weights_reach_a_model(tmp_path):
    source, target = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    # Half precision on disk, float32 in the model.
    halves = {key: value.half() for key, value in source.state_dict().items()}
    torch.save(dict(state_dict=halves), tmp_path / 'net.pth')
    load_checkpoint(target, str(tmp_path / 'net.pth'))
    assert target.weight.dtype == torch.float32
    torch.testing.assert_close(target.weight, source.weight, atol=1e-3, rtol=1e-3)


def test_mmdetections_own_function_loads_safely(tiny_config, tmp_path):
    path = tmp_path / 'bad.pth'
    torch.save(dict(state_dict={}, x=Malicious(os.mkdir, str(tmp_path / 'ran'))), path)
    with pytest.raises(UnsafeCheckpointError, match=r'bad\.pth'):
        init_detector(str(tiny_config), str(path), device='cpu')
    assert not (tmp_path / 'ran').exists()


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        (dict(state_dict=[1]), 'state_dict in .* must be a dict, but is a list'),
        (dict(meta=[1]), 'meta in .* must be a dict'),
        (dict(message_hub=3), 'message_hub in .* must be a dict'),
        ({1: 2}, 'a weight has the name 1'),
        (dict(state_dict={}, x=torch.nn.Linear), r'torch\.nn\.modules\.linear\.Linear'),
        (dict(x=np.array([None])), r'numpy\.dtypes\.ObjectDType'),
    ],
)
def test_other_content_is_refused_with_the_name_of_the_file(tmp_path, content, message):
    torch.save(content, tmp_path / 'odd.pth')
    with pytest.raises(UserError, match=message) as caught:
        load_checkpoint_file(tmp_path / 'odd.pth')
    assert 'odd.pth' in str(caught.value)
    assert 'weights_only=False' not in str(caught.value)


def test_an_empty_meta_is_left_out(tmp_path):
    torch.save(dict(state_dict={}, meta=None), tmp_path / 'a.pth')
    assert load_checkpoint_file(tmp_path / 'a.pth') == dict(state_dict={})


@pytest.mark.parametrize('legacy', [False, True])
def test_another_pickle_protocol_is_named(tmp_path, legacy):
    torch.save(
        dict(state_dict={}),
        tmp_path / 'a.pth',
        pickle_protocol=4,
        _use_new_zipfile_serialization=not legacy,
    )
    with pytest.raises(UserError, match=r'a\.pth .* pickle_protocol=2'):
        load_checkpoint_file(tmp_path / 'a.pth')


def test_config_texts_that_are_programs_are_left_out(tmp_path):
    meta = dict(cfg='import os', config='x = 1', epoch=3)
    torch.save(dict(state_dict={}, meta=meta), tmp_path / 'a.pth')
    assert load_checkpoint_file(tmp_path / 'a.pth')['meta'] == dict(
        config='x = 1', epoch=3
    )
    assert load_checkpoint_file(tmp_path / 'a.pth', unsafe=True)['meta'] == meta


def test_folders_and_bad_safetensors(tmp_path):
    with pytest.raises(UserError, match='is a folder'):
        load_checkpoint_file(tmp_path)
    (tmp_path / 'a.safetensors').write_bytes(b'12345678 and more')
    with pytest.raises(UserError, match=r'a\.safetensors is no whole file'):
        load_checkpoint_file(tmp_path / 'a.safetensors')


@pytest.mark.parametrize('content', [b'<html>', b'PK\x03\x04 cut', b''])
def test_pages_and_parts_are_not_kept_as_checkpoints(tmp_path, monkeypatch, content):
    monkeypatch.setattr(torch.hub, 'get_dir', lambda: str(tmp_path))
    place = tmp_path / 'checkpoints' / 'net.pth'

    def download(url, path, hash_prefix):
        Path(path).write_bytes(content)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download)
    with pytest.raises(UserError, match='what came is not a whole checkpoint'):
        safe_loading._cached_file('https://example.com/net.pth')
    assert [p.name for p in place.parent.iterdir()] in ([], ['net.pth.lock'])

    # What an older download left is replaced.
    place.write_bytes(content)

    def download_well(url, path, hash_prefix):
        torch.save({}, path)

    monkeypatch.setattr(torch.hub, 'download_url_to_file', download_well)
    assert safe_loading._cached_file('https://example.com/net.pth') == place
    assert load_checkpoint_file(place) == {}


@pytest.mark.parametrize('url', ['https://example.com/', 'https://example.com/a/..'])
def test_urls_must_name_a_file(url):
    with pytest.raises(UserError, match='names no file'):
        safe_loading._cached_file(url)

"""The authors' weights: fetched from a local Google Drive, converted, remembered."""

import hashlib
import io
from pathlib import Path

import pytest
import torch

pytest.importorskip('gdown')
from mmengine.runner.checkpoint import CheckpointLoader
from samples.drive_server import drive_server

import mmdet_plus
from mmdet_plus.zoo import ZooError, fetch_weights, find_entry
from mmdet_plus.zoo.conversion import layouts
from mmdet_plus.zoo.conversion.layouts import Layout
from mmdet_plus.zoo.conversion.rules import Rule
from mmdet_plus.zoo.index import ZooEntry, ZooRelease

CONFIG = """
model = dict(type='LastStageProjection', in_channels=2, out_channels=2)
test_dataloader = dict(dataset=dict(type='VOCDataset'))
"""
WEIGHTS = {
    'Foreign.conv.weight': torch.rand(2, 2, 3, 3),
    'Foreign.conv.bias': torch.rand(2),
}
LINK = 'https://drive.google.com/file/d/{}/view'
FOLDER = 'https://drive.google.com/drive/folders/{}'


def file_of(weights):
    buffer = io.BytesIO()
    torch.save(dict(model=weights), buffer)
    return buffer.getvalue()


FILES = {
    'good': file_of(WEIGHTS),
    'other': file_of({name: value + 1 for name, value in WEIGHTS.items()}),
    'part': file_of({'Foreign.conv.bias': torch.rand(2)}),
    'page': b'<!DOCTYPE html>',
}
LONG = '{:_<25}'.format  # as ids of files are that folders list
FILES |= {
    LONG('good'): FILES['good'],
    LONG('base'): FILES['part'],
    LONG('more'): file_of({**WEIGHTS, 'Foreign.refiner.bias': torch.rand(2)}),
}
NAMES = {
    LONG('base'): 'net_end2end.pth',
    LONG('page'): 'readme.txt',
    LONG('more'): 'net_dcr.pth',
    LONG('good'): 'net_dcn.pth',
}
FILES |= {'folder': NAMES, 'others': {LONG('base'): 'a.pth', LONG('more'): 'b.pth'}}
FILES |= {'empty': {LONG('page'): 'readme.txt'}}
SHA256 = hashlib.sha256(FILES['good']).hexdigest()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path / 'home'))
    known = Layout((Rule(r'Foreign\.conv\.(.+)', r'conv.conv.\1'),), r'Foreign\..+')
    monkeypatch.setitem(layouts.LAYOUTS, 'foreign', known)
    return tmp_path / 'home' / 'mmdet_plus'


@pytest.fixture
def server(monkeypatch):
    with drive_server(monkeypatch, FILES) as server:
        yield server


@pytest.fixture
def entry(tmp_path):
    def make(*ids, license='MIT', pages=()):
        (tmp_path / 'net_released.py').write_text(CONFIG)
        urls = tuple(
            (FOLDER if type(FILES.get(own)) is dict else LINK).format(own)
            for own in ids
        )
        release = ZooRelease(urls, pages, '.pth', license, 'authors', 'https://code')
        return ZooEntry('net_released', tmp_path / 'net_released.py', [], None, release)

    return make


def test_fetched_converted_and_remembered(server, entry, home, capsys):
    path = fetch_weights(entry('good'), show_progress=False)
    assert path == home / f'net_released-{SHA256[:8]}.pth'
    content = torch.load(path)
    assert torch.equal(
        content['state_dict']['conv.conv.weight'], WEIGHTS['Foreign.conv.weight']
    )
    assert content['meta']['dataset_meta']['classes'][0] == 'aeroplane'
    assert content['meta']['converted_from'] == dict(
        released_by='authors', sha256=SHA256
    )
    (said,) = capsys.readouterr().err.splitlines()
    assert f'SHA256 {SHA256} of {LINK.format("good")} is trusted from now on' in said
    asked = len(server.requests)
    assert fetch_weights(entry('good')) == path
    assert len(server.requests) == asked  # nothing is fetched again
    assert capsys.readouterr().err == ''


def test_another_file_than_the_first_one_is_refused(server, entry, home):
    first = fetch_weights(entry('good'), show_progress=False)
    source = home / 'released' / 'net_released.pth'
    source.unlink()
    first.unlink()
    with pytest.raises(ZooError, match=f'not {SHA256}, the one of the first one'):
        fetch_weights(entry('other'), show_progress=False)
    source.unlink()
    assert fetch_weights(entry('good'), show_progress=False) == first


def test_a_hash_can_be_insisted_on(server, entry, home):
    with pytest.raises(ZooError, match=f'not {"ab" * 32}, the one asked for'):
        fetch_weights(entry('good'), sha256='ab' * 32, show_progress=False)
    assert not list(home.glob('*.pth'))
    assert fetch_weights(entry('good'), sha256=SHA256).is_file()
    with pytest.raises(ZooError, match='the one asked for'):
        fetch_weights(entry('good'), sha256='ab' * 32)


def test_mirrors_are_tried_in_order(server, entry):
    ids = ('quota', 'gone', 'page', 'good')
    assert fetch_weights(entry(*ids), show_progress=False).is_file()
    tried = [file_id for _, file_id, _ in server.requests]
    assert list(dict.fromkeys(tried)) == list(ids)


def test_what_to_do_by_hand_is_said_and_works(server, entry, home, capsys):
    model = entry('quota', pages=('https://pan.example.com (code ab)',))
    with pytest.raises(ZooError) as caught:
        fetch_weights(model, show_progress=False)
    source = home / 'released' / 'net_released.pth'
    message = str(caught.value)
    for part in (
        'Too many users have viewed this file recently',
        LINK.format('quota'),
        'https://pan.example.com (code ab)',
        f'put it here: {source}',
        'convert it: mmdet_plus zoo download net_released\n',
        'or: mmdet_plus zoo download net_released --file FILE\n',
        f'mmdet_plus convert-weights FILE {model.config} OUT.pth',
    ):
        assert part in message
    source.write_bytes(FILES['good'])
    assert fetch_weights(model).name == f'net_released-{SHA256[:8]}.pth'
    assert 'a file put there by hand' in capsys.readouterr().err


def test_the_file_of_a_folder_that_fits_is_taken(server, entry, home, capsys):
    model = entry('folder')
    path = fetch_weights(model, show_progress=False)
    assert path.name == f'net_released-{SHA256[:8]}.pth'
    assert LINK.format(LONG('good')) in capsys.readouterr().err  # which one it was
    asked = [file_id for _, file_id, _ in server.requests]
    # Neither a part of the model nor more than it; nothing but weights is fetched.
    assert list(dict.fromkeys(asked)) == [
        'folder',
        *map(LONG, ('base', 'more', 'good')),
    ]
    # What was fetched for one model serves the next.
    (home / 'released' / 'net_released.pth').unlink()
    path.unlink()
    server.requests.clear()
    assert fetch_weights(model, show_progress=False) == path
    assert [file_id for _, file_id, _ in server.requests] == ['folder']


def test_the_likeliest_file_of_a_folder_comes_first(server, entry):
    model = entry('folder')._replace(name='net-dcrv2-dcn_fpn_released')
    fetch_weights(model, show_progress=False)
    asked = [file_id for _, file_id, _ in server.requests]
    assert list(dict.fromkeys(asked)) == ['folder', LONG('more'), LONG('good')]


def test_folders_without_the_file_say_what_they_have(server, entry):
    with pytest.raises(ZooError) as caught:
        fetch_weights(entry('others', 'empty'), show_progress=False)
    message = str(caught.value)
    for part in (
        'a.pth: nothing was found for 1 of 2 weights',
        'b.pth: 1 of its weights have no place',
        'the folder has no .pth file',
        f'  {FOLDER.format("others")}',
        'download net_released --file FILE',
    ):
        assert part in message


def test_releases_on_other_pages_are_fetched_by_hand(entry):
    model = entry(pages=('https://pan.example.com',))
    with pytest.raises(ZooError, match='no mirror has it as one file') as caught:
        fetch_weights(model)
    assert 'https://pan.example.com' in str(caught.value)


def test_a_file_fetched_by_hand_is_taken_from_its_place(entry, home, tmp_path, capsys):
    model = entry(pages=('https://pan.example.com',))
    mine, other = tmp_path / 'any name.params', tmp_path / 'other.params'
    mine.write_bytes(FILES['good'])
    other.write_bytes(FILES['other'])
    path = fetch_weights(model, file=mine)
    assert path.name == f'net_released-{SHA256[:8]}.pth'
    assert f'SHA256 {SHA256}' in capsys.readouterr().err
    kept = home / 'released' / 'net_released.pth'
    assert kept.read_bytes() == mine.read_bytes() == FILES['good']
    assert fetch_weights(model) == fetch_weights(model, file=mine) == path
    with pytest.raises(ZooError, match=f'not {SHA256}, the one of the first one'):
        fetch_weights(model, file=other)
    assert kept.read_bytes() == FILES['good']
    with pytest.raises(ZooError, match='there is no file nowhere'):
        fetch_weights(model, file=Path('nowhere'))


def test_unlicensed_weights_must_be_accepted(server, entry):
    model = entry('good', license=None)
    with pytest.raises(ZooError, match='state no licence') as caught:
        fetch_weights(model)
    assert 'download net_released --accept-unlicensed' in str(caught.value)
    assert server.requests == []
    path = fetch_weights(model, accept_unlicensed=True, show_progress=False)
    assert fetch_weights(model) == path  # once is enough


def test_a_part_of_the_weights_is_not_taken_for_all(server, entry, home):
    with pytest.raises(ZooError, match='nothing was found for 1 of 2 weights') as said:
        fetch_weights(entry('part'), show_progress=False)
    assert str(said.value).endswith('Delete it to fetch it again')
    assert not list(home.glob('*.pth'))
    # Nothing is remembered of it: the right file is not refused later.
    (home / 'released' / 'net_released.pth').unlink()
    assert fetch_weights(entry('good'), show_progress=False).is_file()


def test_another_folder(server, entry, tmp_path):
    path = fetch_weights(entry('good'), tmp_path / 'mine', show_progress=False)
    assert path.parent == tmp_path / 'mine'
    (tmp_path / 'file').touch()
    with pytest.raises(ZooError, match='cannot be a folder'):
        fetch_weights(entry('good'), tmp_path / 'file' / 'x')


def test_a_cache_that_cannot_be_written_to_is_said(server, entry, home):
    # Even for root, who may write everywhere else.
    (home / 'released' / 'net_released.pth.lock').mkdir(parents=True)
    with pytest.raises(ZooError, match='Weights are kept in') as caught:
        fetch_weights(entry('good'), show_progress=False)
    assert 'MMENGINE_HOME' in str(caught.value)
    assert server.requests == []


def test_the_name_loads_everywhere(server, entry, monkeypatch):
    model = entry('good')
    monkeypatch.setattr(
        mmdet_plus.zoo.checkpoint_scheme, 'find_entry', {model.name: model}.get
    )
    content = CheckpointLoader.load_checkpoint('zoo://net_released', 'cpu')
    assert content['state_dict'].keys() == {'conv.conv.weight', 'conv.conv.bias'}


def test_every_release_of_the_index_can_be_fetched_or_says_where_it_is():
    released = [e for e in mmdet_plus.zoo.load_index().values() if e.release]
    assert len(released) > 10
    for entry in released:
        assert entry.name.endswith('_released')
        assert entry.release.code.startswith('https://github.com/')
        assert all(result['Reported By'] != 'mmdet_plus' for result in entry.results)
    assert find_entry('cpm-rcnn_r50_fpn_2x_coco_released').release.license is None

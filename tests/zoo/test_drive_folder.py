"""Folders of Google Drive, from a local server that plays their pages."""

import pytest

pytest.importorskip('gdown')
from samples.drive_server import drive_server

from mmdet_plus.errors import UserError
from mmdet_plus.zoo.drive_folder import (
    DriveFile,
    fetch_from_folder,
    files_in,
    is_drive_folder,
)

FOLDER = 'https://drive.google.com/drive/folders/{}'
LONG = '{:_<25}'.format  # as ids of files are that folders list
NAMES = {
    LONG('notes'): 'notes.txt',
    LONG('plain'): 'resnet_v1_101_coco_end2end.params',
    LONG('fpn'): 'resnet_v1_101_coco_FPN_dcr_end2end.params',
    LONG('dcr'): 'resnet_v1_101_coco_dcr_end2end.params',
}
FILES = {LONG(name): name.encode() for name in ('notes', 'plain', 'fpn', 'dcr')}


@pytest.fixture(autouse=True)
def server(monkeypatch):
    with drive_server(monkeypatch, {**FILES, 'all': NAMES, 'none': {}}) as server:
        yield server


def test_links_to_folders():
    assert is_drive_folder(FOLDER.format('a-b_c?usp=sharing'))
    assert not is_drive_folder('https://drive.google.com/file/d/abc/view')


def test_files_are_listed():
    assert files_in(FOLDER.format('all')) == [DriveFile(*own) for own in NAMES.items()]
    with pytest.raises(OSError, match='gdown: '):
        files_in(FOLDER.format('gone'))


@pytest.mark.parametrize(
    ('model', 'order'),
    [
        ('faster-rcnn_r101_8e_coco_released', ['plain', 'dcr', 'fpn']),
        ('faster-rcnn-dcrv2_r101_8e_coco_released', ['dcr', 'plain', 'fpn']),
        ('faster-rcnn-dcrv2_r101_fpn_7e_coco_released', ['fpn', 'dcr', 'plain']),
    ],
)
def test_the_likeliest_are_tried_first(model, order, tmp_path):
    tried = []

    def check(path):
        tried.append(path.read_text())
        raise UserError(f'{path}: of another model')

    with pytest.raises(OSError, match='no file of the folder is of this model') as said:
        fetch(model, check, tmp_path)
    assert tried == order
    assert str(said.value).endswith(f'{NAMES[LONG(order[-1])]}: of another model')


def fetch(model, check, kept):
    url = FOLDER.format('all')
    return fetch_from_folder(url, '.params', model, check, kept, show_progress=False)


def test_what_is_kept_is_not_fetched_again(server, tmp_path):
    (tmp_path / f'{LONG("plain")}.params').write_bytes(b'kept')
    path, url = fetch('faster-rcnn_r101', lambda path: None, tmp_path)
    assert path.read_bytes() == b'kept'
    assert url == f'https://drive.google.com/file/d/{LONG("plain")}/view'
    assert len(server.requests) == 1


def test_a_folder_without_such_a_file(tmp_path):
    with pytest.raises(OSError, match=r'the folder has no \.params file'):
        fetch_from_folder(
            FOLDER.format('none'), '.params', 'a', print, tmp_path, show_progress=False
        )

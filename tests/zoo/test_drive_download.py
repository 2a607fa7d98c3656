"""Files of Google Drive, from a local server that plays its pages."""

import pytest

pytest.importorskip('gdown')
from samples.drive_server import drive_server

from mmdet_plus.zoo.drive_download import download_through_gdown, is_drive_link

CONTENT = bytes(range(256)) * 16000
LINK = 'https://drive.google.com/file/d/{}/view'
FILES = {'whole': CONTENT, 'breaks': CONTENT, 'page': b'<!DOCTYPE html>'}


@pytest.fixture
def server(monkeypatch):
    with drive_server(monkeypatch, FILES) as server:
        yield server


def get(name, path, resume=True):
    download_through_gdown(LINK.format(name), path, resume=resume, show_progress=False)


@pytest.mark.parametrize(
    ('url', 'expected'),
    [
        (LINK.format('a-b_c'), True),
        ('https://drive.google.com/uc?id=abc', True),
        ('https://drive.google.com/open?usp=sharing&id=abc', True),
        ('https://drive.google.com/drive/folders/abc', False),
        ('https://example.com/file/d/abc', False),
    ],
)
def test_links_to_files(url, expected):
    assert is_drive_link(url) == expected


def test_the_page_that_asks_to_confirm_is_passed(server, tmp_path):
    get('whole', tmp_path / 'net.pth')
    assert (tmp_path / 'net.pth').read_bytes() == CONTENT
    assert [host for host, *_ in server.requests] == [
        'drive.google.com',
        'drive.usercontent.google.com',
    ]
    assert {file_id for _, file_id, _ in server.requests} == {'whole'}


def test_an_exceeded_quota_is_said(server, tmp_path):
    with pytest.raises(OSError, match='Too many users have viewed this file') as error:
        get('quota', tmp_path / 'net.pth')
    assert '\n' not in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_download_that_broke_off_is_resumed(server, tmp_path):
    with pytest.raises(OSError, match='gdown'):
        get('breaks', tmp_path / 'net.pth')
    assert not (tmp_path / 'net.pth').exists()
    get('breaks', tmp_path / 'net.pth')
    assert (tmp_path / 'net.pth').read_bytes() == CONTENT
    ranges = [asked for _, _, asked in server.requests if asked]
    assert int(ranges[-1].removeprefix('bytes=').rstrip('-')) > 10**6


def test_a_page_in_place_of_the_file_is_no_file(server, tmp_path):
    with pytest.raises(OSError, match='sent a web page, not the file'):
        get('page', tmp_path / 'net.pth')
    assert not (tmp_path / 'net.pth').exists()
    with pytest.raises(OSError, match='gdown'):
        get('gone', tmp_path / 'net.pth')


def test_without_gdown_its_name_is_said(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'gdown', None)
    with pytest.raises(OSError, match=r"pip install 'mmdet_plus\[zoo\]'"):
        get('whole', tmp_path / 'net.pth')

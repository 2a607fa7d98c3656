import os

import pytest

from mmdet_plus.datasets.folders.copies import START, copies


@pytest.fixture
def write(tmp_path):
    def write(**contents):
        for name, content in contents.items():
            (tmp_path / name).write_bytes(content)
        return [str(tmp_path / name) for name in contents]

    return write


def test_files_of_one_content_are_grouped(write):
    a, b, c, d, _ = write(a=b'12', b=b'345', c=b'12', d=b'345', e=b'13')
    assert copies([a, b, c, d]) == [[a, c], [b, d]]


@pytest.mark.parametrize('place', [0, START - 1, START, 2 * START])
def test_one_byte_makes_a_difference(write, place):
    content = bytes(2 * START + 1)
    other = bytearray(content)
    other[place] = 1
    a, b = write(a=content, b=bytes(other))
    assert copies([a, b]) == []


def test_links_and_repeated_paths_are_copies_and_absent_ones_are_not(write, tmp_path):
    (a,) = write(a=b'1')
    link = str(tmp_path / 'link')
    os.symlink(a, link)
    assert copies([a, link, a, f'{tmp_path}/x', f'{tmp_path}/x']) == [[a, link, a]]


def test_files_that_change_are_read_again(write):
    paths = write(a=b'12', b=b'12')
    assert copies(paths) == [paths]
    write(b=b'21')
    os.utime(paths[1], (1, 1))
    assert copies(paths) == []


def test_files_of_other_sizes_are_not_read(write, monkeypatch):
    paths = write(a=b'1', b=b'12', c=b'123')
    monkeypatch.setattr('builtins.open', None)
    assert copies(paths) == []

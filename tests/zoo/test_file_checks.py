import pickle
import zipfile

import pytest
import torch

from mmdet_plus.errors import UserError
from mmdet_plus.zoo import file_checks
from mmdet_plus.zoo.allowed_types import UnsafeCheckpointError
from mmdet_plus.zoo.file_checks import check_checkpoint_file


@pytest.fixture(params=[False, True], ids=['zip', 'legacy'])
def checkpoint(request, tmp_path):
    path = tmp_path / 'a.pth'
    content = dict(state_dict=dict(w=torch.arange(999.0)))
    torch.save(content, path, _use_new_zipfile_serialization=not request.param)
    return path


def test_whole_files_pass(checkpoint):
    check_checkpoint_file(checkpoint)


def test_files_of_many_values_are_refused(checkpoint, monkeypatch):
    monkeypatch.setattr(file_checks, 'MAX_STEPS', 10)
    with pytest.raises(UnsafeCheckpointError, match=r'a\.pth holds more than 10'):
        check_checkpoint_file(checkpoint)


def test_every_truncation_of_an_archive_is_found(tmp_path):
    torch.save(dict(w=torch.arange(99.0)), tmp_path / 'a.pth')
    whole = (tmp_path / 'a.pth').read_bytes()
    for size in range(0, len(whole), 37):
        (tmp_path / 'half.pth').write_bytes(whole[:size])
        with pytest.raises(UserError, match=r'half\.pth is not a checkpoint'):
            check_checkpoint_file(tmp_path / 'half.pth')


def test_changed_bytes_are_found(tmp_path):
    path = tmp_path / 'a.pth'
    torch.save(dict(w=torch.zeros(9999)), path)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(UserError, match=r'a\.pth is damaged: the checksum of a/data/0'):
        check_checkpoint_file(path)


def archive(path, names, compression=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, 'w', compression) as file:
        for name in names:
            file.writestr(name, pickle.dumps(dict(a='x' * 9999), 2))


def test_packed_archives_are_refused(tmp_path):
    archive(tmp_path / 'a.pth', ['a/data.pkl'], zipfile.ZIP_DEFLATED)
    with pytest.raises(UnsafeCheckpointError, match='compressed archive'):
        check_checkpoint_file(tmp_path / 'a.pth')


def test_other_archives_are_refused(tmp_path):
    for names in ([], ['a/data.pkl', 'b/data.pkl'], ['readme.txt']):
        archive(tmp_path / 'a.pth', names)
        with pytest.raises(UserError, match='is not a checkpoint'):
            check_checkpoint_file(tmp_path / 'a.pth')
    archive(tmp_path / 'a.pth', ['a/data.pkl', 'a/constants.pkl'])
    with pytest.raises(UserError, match='TorchScript'):
        check_checkpoint_file(tmp_path / 'a.pth')

import io
import pickle
import zipfile

import pytest
import torch

from mmdet_plus.errors import UserError
from mmdet_plus.zoo import file_checks
from mmdet_plus.zoo.allowed_types import UnsafeCheckpointError
from mmdet_plus.zoo.file_checks import check_checkpoint, check_checkpoint_file


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


@pytest.mark.parametrize('is_zip', [True, False])
def test_files_of_torch_save_are_checkpoints(tmp_path, is_zip):
    path = tmp_path / 'c.pth'
    content = dict(state_dict=dict(weight=torch.ones(2)))
    torch.save(content, path, _use_new_zipfile_serialization=is_zip)
    check_checkpoint(str(path))


def not_a_checkpoint(kind):
    buffer = io.BytesIO()
    if kind == 'truncated':
        torch.save(dict(weight=torch.ones(1000)), buffer)
        return buffer.getvalue()[:1000]
    if kind == 'other zip':
        with zipfile.ZipFile(buffer, 'w') as archive:
            archive.writestr('a.txt', 'a')
        return buffer.getvalue()
    return b'' if kind == 'empty' else b'<html>not found</html>'


@pytest.mark.parametrize('kind', ['truncated', 'other zip', 'empty', 'text'])
def test_other_files_are_not_checkpoints(tmp_path, kind):
    path = tmp_path / 'c.pth'
    path.write_bytes(not_a_checkpoint(kind))
    with pytest.raises(UserError, match=r'c\.pth is not a checkpoint'):
        check_checkpoint(str(path))


def test_missing_checkpoint(tmp_path):
    with pytest.raises(UserError, match='does not exist'):
        check_checkpoint(str(tmp_path / 'absent.pth'))
    check_checkpoint('https://example.com/c.pth')


def test_models_of_the_zoo_have_weights():
    check_checkpoint('zoo://d2det_tiny_shapes')
    with pytest.raises(UserError, match="the zoo has no model 'nothing-like-it'"):
        check_checkpoint('zoo://nothing-like-it')
    with pytest.raises(UserError, match='no weights of d2det_r50_fpn_2x_coco'):
        check_checkpoint('zoo://d2det_r50_fpn_2x_coco')

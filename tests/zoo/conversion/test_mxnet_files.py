import struct

import numpy as np
import pytest
import torch

from mmdet_plus.zoo.conversion.mxnet_files import read_params

KINDS = {'float32': 0, 'float64': 1, 'float16': 2, 'uint8': 3, 'int32': 4}


def array_bytes(array, version):
    """An array as MXNet's NDArray::Save writes it; version 0 is before 1.0."""
    shape = array.shape
    head = {
        0: struct.pack(f'<I{len(shape)}I', len(shape), *shape),
        1: struct.pack(f'<II{len(shape)}q', 0xF993FAC8, len(shape), *shape),
        2: struct.pack(f'<IiI{len(shape)}q', 0xF993FAC9, 0, len(shape), *shape),
    }[version]
    kind = KINDS[str(array.dtype)]
    return head + struct.pack('<iii', 1, 0, kind) + array.tobytes()


def file_bytes(arrays, version=2):
    result = struct.pack('<QQQ', 0x112, 0, len(arrays))
    result += b''.join(array_bytes(array, version) for array in arrays.values())
    result += struct.pack('<Q', len(arrays))
    for name in arrays:
        result += struct.pack('<Q', len(name)) + name.encode()
    return result


ARRAYS = {
    'arg:conv0_weight': np.arange(12, dtype=np.float32).reshape(1, 3, 2, 2),
    'aux:bn_moving_mean': np.array([0.5, 2], dtype=np.float16),
    'arg:counts': np.array([[7]], dtype=np.int32),
}


@pytest.mark.parametrize('version', [0, 1, 2])
def test_arrays_by_name(tmp_path, version):
    path = tmp_path / 'net-0008.params'
    path.write_bytes(file_bytes(ARRAYS, version))
    weights = read_params(path)
    assert list(weights) == ['conv0_weight', 'bn_moving_mean', 'counts']
    for tensor, array in zip(weights.values(), ARRAYS.values(), strict=True):
        assert torch.equal(tensor, torch.from_numpy(array))


@pytest.mark.parametrize('version', [0, 1, 2])
def test_arrays_without_values(tmp_path, version):
    full = array_bytes(ARRAYS['aux:bn_moving_mean'], version)
    empty = array_bytes(np.zeros((), np.float32), version)[: -4 * 4]  # ends at shape
    names = b''.join(struct.pack('<Q', 5) + name for name in (b'arg:a', b'arg:b'))
    head = struct.pack('<QQQ', 0x112, 0, 2)
    (tmp_path / 'net.params').write_bytes(
        head + empty + full + struct.pack('<Q', 2) + names
    )
    weights = read_params(tmp_path / 'net.params')
    assert weights['a'].shape == (0,)
    assert weights['b'].tolist() == [0.5, 2]


def test_other_and_broken_files_are_refused(tmp_path):
    path = tmp_path / 'net.params'
    whole = file_bytes(ARRAYS)
    for length in (10, 60, len(whole) - 3):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match='ends in the middle'):
            read_params(path)
    path.write_bytes(b'x' * 100)
    with pytest.raises(ValueError, match=r'not a \.params file'):
        read_params(path)
    sparse = file_bytes({'arg:a': np.zeros(1, np.float32)})
    sparse = sparse.replace(
        struct.pack('<Ii', 0xF993FAC9, 0), struct.pack('<Ii', 0xF993FAC9, 1)
    )
    path.write_bytes(sparse)
    with pytest.raises(ValueError, match='must be dense, got storage type 1'):
        read_params(path)

import numpy as np
import pytest
import torch
from samples.released_files import write_caffemodel

from mmdet_plus.zoo.conversion.caffe_files import _net_parameter_class, read_caffemodel


def test_weights_and_biases_by_layer(tmp_path):
    net = _net_parameter_class()()
    conv = net.layer.add(name='conv1_1')
    for shape in ((2, 3, 1, 1), (2,)):
        blob = conv.blobs.add()
        blob.shape.dim.extend(shape)
        values = np.arange(torch.Size(shape).numel(), dtype='<f4')
        blob.data.append(values.tobytes())
    net.layer.add(name='relu1_1')
    old = net.layer.add(name='fc').blobs.add(num=1, channels=1, height=2, width=2)
    old.data.append(np.array([1, 2, 3, 4], dtype='<f4').tobytes())
    path = tmp_path / 'net.caffemodel'
    path.write_bytes(net.SerializeToString())
    weights = read_caffemodel(path)
    assert list(weights) == ['conv1_1.weight', 'conv1_1.bias', 'fc.weight']
    expected = torch.arange(6.0).reshape(2, 3, 1, 1)
    assert torch.equal(weights['conv1_1.weight'], expected)
    assert weights['conv1_1.bias'].tolist() == [0, 1]
    assert weights['fc.weight'].shape == (1, 1, 2, 2)


def test_bytes_are_those_of_the_protocol(tmp_path):
    # NetParameter.layer (100) { name (1) "a"; blobs (7) { data (5) [1.0]; shape (7)
    # { dim (1) [1] } } }, written by hand.
    blob = b'\x2a\x04\x00\x00\x80\x3f' + b'\x3a\x03\x0a\x01\x01'
    layer = b'\x0a\x01a' + b'\x3a' + bytes([len(blob)]) + blob
    path = tmp_path / 'net.caffemodel'
    path.write_bytes(b'\xa2\x06' + bytes([len(layer)]) + layer)
    assert read_caffemodel(path)['a.weight'].tolist() == [1.0]


def test_nets_without_weights_are_refused(tmp_path):
    (tmp_path / 'net.caffemodel').write_bytes(b'')
    with pytest.raises(ValueError, match='holds no layer with weights'):
        read_caffemodel(tmp_path / 'net.caffemodel')


def test_batch_norm_is_divided_by_its_factor(tmp_path):
    path = tmp_path / 'net.caffemodel'
    stored = {
        'conv/0': torch.ones(2, 3, 1, 1),
        'bn/0': torch.tensor([2.0, 4]),
        'bn/1': torch.tensor([8.0, 6]),
        'bn/2': torch.tensor([2.0]),
        'never_trained/0': torch.zeros(2),
        'never_trained/1': torch.zeros(2),
        'never_trained/2': torch.zeros(1),
    }
    write_caffemodel(path, stored)
    weights = read_caffemodel(path)
    assert weights['bn.running_mean'].tolist() == [1, 2]
    assert weights['bn.running_var'].tolist() == [4, 3]
    assert weights['never_trained.running_var'].tolist() == [0, 0]
    assert 'bn.weight' not in weights


def test_what_is_no_net_is_named(tmp_path):
    path = tmp_path / 'net.caffemodel'
    path.write_bytes(b'<html>not found</html>')
    with pytest.raises(ValueError, match=r'net\.caffemodel is not a \.caffemodel'):
        read_caffemodel(path)
    write_caffemodel(path, {'a/0': torch.ones(2)})
    content = path.read_bytes().replace(
        b'\x3a\x03\x0a\x01\x02', b'\x3a\x03\x0a\x01\x03'
    )
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r'layer a has 2 numbers for the shape \[3\]'):
        read_caffemodel(path)

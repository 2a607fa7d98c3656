import pytest
import torch

from mmdet_plus.zoo.conversion.caffe_files import _net_parameter_class, read_caffemodel


def test_weights_and_biases_by_layer(tmp_path):
    net = _net_parameter_class()()
    conv = net.layer.add(name='conv1_1')
    for shape in ((2, 3, 1, 1), (2,)):
        blob = conv.blobs.add()
        blob.shape.dim.extend(shape)
        blob.data.extend(range(torch.Size(shape).numel()))
    net.layer.add(name='relu1_1')
    old = net.layer.add(name='fc').blobs.add(num=1, channels=1, height=2, width=2)
    old.data.extend([1, 2, 3, 4])
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

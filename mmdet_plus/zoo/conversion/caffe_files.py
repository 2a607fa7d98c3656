"""Reads the weights in a ``.caffemodel``."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

# Fields of caffe.proto that hold weights: (message, field, number, type, repeated).
# Numbers are read as the bytes that they are packed in: a model has millions.
_FIELDS = (
    ('BlobShape', 'dim', 1, 'int64', True),
    ('BlobProto', 'num', 1, 'int32', False),
    ('BlobProto', 'channels', 2, 'int32', False),
    ('BlobProto', 'height', 3, 'int32', False),
    ('BlobProto', 'width', 4, 'int32', False),
    ('BlobProto', 'data', 5, 'bytes', True),
    ('BlobProto', 'shape', 7, 'BlobShape', False),
    ('LayerParameter', 'name', 1, 'string', False),
    ('LayerParameter', 'type', 2, 'string', False),
    ('LayerParameter', 'blobs', 7, 'BlobProto', True),
    ('NetParameter', 'layer', 100, 'LayerParameter', True),
)


def _net_parameter_class() -> type:
    """The protobuf message of a net, with the fields above only."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError:
        raise ImportError(
            "caffemodel files need protobuf: pip install 'mmdet_plus[zoo]'"
        ) from None
    file = descriptor_pb2.FileDescriptorProto(name='caffe_weights.proto')
    kinds = descriptor_pb2.FieldDescriptorProto
    messages = {}
    for message, field, number, kind, repeated in _FIELDS:
        if message not in messages:
            messages[message] = file.message_type.add(name=message)
        label = kinds.LABEL_REPEATED if repeated else kinds.LABEL_OPTIONAL
        added = messages[message].field.add(name=field, number=number, label=label)
        if kind in messages:
            added.type, added.type_name = kinds.TYPE_MESSAGE, f'.{kind}'
        else:
            added.type = getattr(kinds, f'TYPE_{kind.upper()}')
        added.options.packed = repeated and kind == 'int64'
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName('NetParameter')
    return message_factory.GetMessageClass(descriptor)


def read_caffemodel(path: Path) -> dict[str, Tensor]:
    """Weights by layer: the first blob as ``<layer>.weight``, the second as ``.bias``.

    Of a ``BatchNorm`` layer ``<layer>.running_mean`` and ``.running_var``: what is
    stored, divided by the factor in its third blob.

    Raises:
        ValueError: the file is no net, or holds no layer with weights.
    """
    net = _net_parameter_class()()
    try:
        net.ParseFromString(path.read_bytes())
    except Exception as error:  # protobuf's own class differs between its versions
        raise ValueError(f'{path} is not a .caffemodel: {error}') from error
    weights = {}
    for layer in net.layer:
        blobs = [_tensor_of(layer.name, blob) for blob in layer.blobs]
        kinds = ('weight', 'bias')
        if layer.type == 'BatchNorm' and len(blobs) == 3:
            kinds = ('running_mean', 'running_var')
            factor = blobs.pop()
            # As Caffe does; a net that was never trained has the factor 0.
            blobs = [blob / factor if factor else blob * 0 for blob in blobs]
        for blob, kind in zip(blobs, kinds, strict=False):
            weights[f'{layer.name}.{kind}'] = blob
    if not weights:
        raise ValueError(f'{path} holds no layer with weights')
    return weights


def _tensor_of(layer: str, blob: Any) -> Tensor:
    shape = list(blob.shape.dim) or [blob.num, blob.channels, blob.height, blob.width]
    data = np.frombuffer(b''.join(blob.data), dtype='<f4').astype(np.float32)
    if data.size != np.prod(shape):
        raise ValueError(f'layer {layer} has {data.size} numbers for the shape {shape}')
    return torch.from_numpy(data).reshape(shape)

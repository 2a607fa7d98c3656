"""Reads the weights in a ``.caffemodel``."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

# Fields of caffe.proto that hold weights: (message, field, number, type, repeated).
_FIELDS = (
    ('BlobShape', 'dim', 1, 'int64', True),
    ('BlobProto', 'num', 1, 'int32', False),
    ('BlobProto', 'channels', 2, 'int32', False),
    ('BlobProto', 'height', 3, 'int32', False),
    ('BlobProto', 'width', 4, 'int32', False),
    ('BlobProto', 'data', 5, 'float', True),
    ('BlobProto', 'shape', 7, 'BlobShape', False),
    ('LayerParameter', 'name', 1, 'string', False),
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
        added.options.packed = repeated and kind in ('int64', 'float')
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    descriptor = pool.FindMessageTypeByName('NetParameter')
    return message_factory.GetMessageClass(descriptor)


def read_caffemodel(path: Path) -> dict[str, Tensor]:
    """Weights by layer: the first blob as ``<layer>.weight``, the second as ``.bias``.

    Raises:
        ValueError: the file holds no layer with weights.
    """
    net = _net_parameter_class()()
    net.ParseFromString(path.read_bytes())
    weights = {}
    for layer in net.layer:
        for blob, kind in zip(layer.blobs, ('weight', 'bias'), strict=False):
            weights[f'{layer.name}.{kind}'] = _tensor_of(blob)
    if not weights:
        raise ValueError(f'{path} holds no layer with weights')
    return weights


def _tensor_of(blob: object) -> Tensor:
    old_shape = [blob.num, blob.channels, blob.height, blob.width]  # type: ignore
    shape = list(blob.shape.dim) or old_shape  # type: ignore[attr-defined]
    data = np.array(blob.data, dtype=np.float32)  # type: ignore[attr-defined]
    return torch.from_numpy(data).reshape(shape)

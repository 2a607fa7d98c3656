"""An ONNX file that finds one box of a known place in each image."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .deploy import model_info

INPUTS = dict(
    images=(TensorProto.UINT8, ['n', 64, 64, 3]),
    sizes=(TensorProto.INT64, ['n', 2]),
    original_sizes=(TensorProto.INT64, ['n', 2]),
)
OUTPUTS = dict(
    boxes=(TensorProto.FLOAT, ['n', 4]),
    scores=(TensorProto.FLOAT, ['n']),
    labels=(TensorProto.INT64, ['n']),
    image_ids=(TensorProto.INT64, ['n']),
)


def write_model(path: Path, *, with_metadata: bool = True) -> Path:
    """In image i the box (i, i, i + 8, i + 8), class i, score 0.5."""
    numbers = dict(zero=0, one=1, axis=[1])
    constants = dict(corners=np.array([[0, 0, 8, 8]], np.float32), half=np.float32(0.5))
    nodes = [
        helper.make_node('Shape', ['images'], ['count1'], start=0, end=1),
        helper.make_node('Squeeze', ['count1'], ['count']),
        helper.make_node('Range', ['zero', 'count', 'one'], ['image_ids']),
        helper.make_node('Identity', ['image_ids'], ['labels']),
        helper.make_node('Cast', ['image_ids'], ['floats'], to=TensorProto.FLOAT),
        helper.make_node('Unsqueeze', ['floats', 'axis'], ['column']),
        helper.make_node('Add', ['column', 'corners'], ['boxes']),
        helper.make_node('Expand', ['half', 'count1'], ['scores']),
    ]
    arrays = {**{n: np.array(v, np.int64) for n, v in numbers.items()}, **constants}
    graph = helper.make_graph(
        nodes,
        'known',
        [helper.make_tensor_value_info(n, *kind) for n, kind in INPUTS.items()],
        [helper.make_tensor_value_info(n, *kind) for n, kind in OUTPUTS.items()],
        [numpy_helper.from_array(np.asarray(a), n) for n, a in arrays.items()],
    )
    opset = [helper.make_opsetid('', 20)]
    model = helper.make_model(graph, opset_imports=opset, ir_version=9)
    if with_metadata:
        helper.set_model_props(model, model_info().to_metadata())
    onnx.save(model, path)
    return path

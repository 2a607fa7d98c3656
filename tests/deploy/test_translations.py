"""Each operator gives in onnxruntime what it gives in PyTorch."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch import nn

from mmdet_plus.deploy import ops
from mmdet_plus.deploy.translations import translations
from mmdet_plus.ops import local_importance_pool2d


class Call(nn.Module):
    """An operator with its settings."""

    def __init__(self, op, *settings):
        super().__init__()
        self.op = op
        self.settings = settings

    def forward(self, *tensors):
        return self.op(*tensors, *self.settings)


def random_boxes(*shape):
    generator = torch.Generator().manual_seed(0)
    low = torch.rand(*shape, 2, generator=generator) * 30
    size = torch.rand(*shape, 2, generator=generator) * 20 + 1
    scores = torch.rand(shape, generator=generator)
    scores[..., -2:] = -1
    return torch.cat([low, low + size], dim=-1), scores


def random_rois(count):
    boxes, _ = random_boxes(count)
    return torch.cat([torch.arange(count)[:, None] % 2, boxes - 4], dim=1)


def in_onnxruntime(module, tensors, path):
    program = torch.onnx.export(
        module.eval(),
        tensors,
        dynamo=True,
        opset_version=20,
        custom_translation_table=translations(),
        verbose=False,
    )
    program.save(str(path))
    session = onnxruntime.InferenceSession(str(path))
    names = [each.name for each in session.get_inputs()]
    feed = {n: t.numpy() for n, t in zip(names, tensors, strict=True)}
    assert {each.domain for each in program.model_proto.opset_import} == {''}
    return session.run(None, feed)


def check(module, tensors, path):
    expected = module(*tensors)
    expected = expected if isinstance(expected, tuple) else (expected,)
    found = in_onnxruntime(module, tensors, path)
    for own, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(own, other.numpy(), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('method', [0, 1, 2])
def test_soft_nms(method, tmp_path):
    module = Call(ops.soft_nms, 0.3, 0.5, 1e-3, method, 12)
    check(module, random_boxes(2, 30), tmp_path / 'op.onnx')


def test_soft_nms_drops_what_scores_less_than_the_minimum(tmp_path):
    module, tensors = Call(ops.soft_nms, 0.3, 0.5, 0.3, 1, 28), random_boxes(2, 30)
    order, scores = module(*tensors)
    found = in_onnxruntime(module, tensors, tmp_path / 'op.onnx')
    there = (scores >= 0).numpy()
    assert 0 < there.sum() < there.size
    np.testing.assert_allclose(found[1], scores.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found[0][there], order.numpy()[there])


def test_nms(tmp_path):
    check(Call(ops.nms, 0.3, 10), random_boxes(3, 40), tmp_path / 'op.onnx')


@pytest.mark.parametrize(('ratio', 'aligned'), [(2, True), (0, True), (0, False)])
def test_roi_align(ratio, aligned, tmp_path):
    tensors = (torch.rand(2, 3, 9, 11), random_rois(6))
    module = Call(ops.roi_align, [3, 2], 0.25, ratio, aligned)
    check(module, tensors, tmp_path / 'op.onnx')


@pytest.mark.parametrize('ratio', [1, 2])
def test_deform_roi_align(ratio, tmp_path):
    offset = torch.rand(6, 2, 3, 2) * 4 - 2
    tensors = (torch.rand(2, 3, 9, 11), random_rois(6), offset)
    module = Call(ops.deform_roi_align, [3, 2], 0.25, ratio, 0.1)
    check(module, tensors, tmp_path / 'op.onnx')


def test_local_importance_pool2d(tmp_path):
    tensors = (torch.rand(2, 3, 14, 14), torch.rand(2, 3, 14, 14) * 12)
    check(Call(local_importance_pool2d, 3, 2, 1), tensors, tmp_path / 'op.onnx')

from pathlib import Path

import pytest
import torch
from mmdet.models.roi_heads import GridRoIHead
from mmdet.registry import MODELS
from mmengine.structures import InstanceData
from samples.configs import load_config, make_batch
from samples.narrowing import narrow

import mmdet_plus  # noqa: F401

CONFIG = 'configs/baselines/grid-rcnn_r18_fpn_1x_shapes.py'
KEYS = {'loss_rpn_cls', 'loss_rpn_bbox', 'loss_cls', 'acc', 'loss_grid'}


@pytest.fixture(scope='module')
def detector():
    torch.manual_seed(0)
    cfg = load_config(Path(__file__).parents[3] / CONFIG)
    return MODELS.build(narrow(cfg.model, 1))


def losses_of(detector, data):
    data = detector.data_preprocessor(data, training=True)
    detector.zero_grad()
    losses = detector(**data, mode='loss')
    detector.parse_losses(losses)[0].backward()
    return losses


def without_objects(data, *images):
    for i in images:
        sample = data['data_samples'][i]
        sample.gt_instances = sample.gt_instances[:0]
    return data


@pytest.mark.parametrize('empty', [(), (0,), (0, 1)])
def test_all_losses_are_there(detector, empty):
    losses = losses_of(detector, without_objects(make_batch(7), *empty))
    assert losses.keys() == KEYS
    assert losses['loss_grid'].isfinite()
    assert (losses['loss_grid'] == 0) == (len(empty) == 2)


def test_a_zero_loss_reaches_all_parameters(detector):
    losses_of(detector, without_objects(make_batch(7), 0, 1))
    grads = [p.grad for p in detector.roi_head.grid_head.parameters()]
    assert all(grad is not None and (grad == 0).all() for grad in grads)


def test_no_rois_at_all(detector):
    head = detector.roi_head
    data = detector.data_preprocessor(without_objects(make_batch(7), 0, 1), True)
    feats = detector.extract_feat(data['inputs'])
    nothing = [InstanceData(bboxes=torch.empty(0, 4)) for _ in range(2)]
    losses = head.loss(feats, nothing, data['data_samples'])
    assert losses.keys() == {'loss_cls', 'acc', 'loss_grid'}
    assert all(loss == 0 for loss in losses.values())


def test_with_objects_it_is_the_parents(detector, monkeypatch):
    batches = make_batch(7), make_batch(7)
    torch.manual_seed(1)
    expected = losses_of(detector, batches[0])['loss_grid']
    monkeypatch.setattr(type(detector.roi_head), 'bbox_loss', GridRoIHead.bbox_loss)
    torch.manual_seed(1)
    torch.testing.assert_close(losses_of(detector, batches[1])['loss_grid'], expected)

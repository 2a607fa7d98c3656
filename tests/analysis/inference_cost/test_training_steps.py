from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

from mmdet_plus.analysis.inference_cost.training_steps import (
    build_for_training,
    labelled_samples_for,
    training_step,
)

CONFIGS = Path(__file__).parents[3] / 'configs'
init_default_scope('mmdet')


def test_objects_lie_in_the_image_and_fill_their_masks():
    inputs = torch.zeros(2, 3, 64, 96)
    samples = labelled_samples_for(inputs, 7, num_classes=3, with_masks=True)
    for sample in samples:
        boxes = sample.gt_instances.bboxes
        assert boxes.shape == (7, 4)
        assert (boxes[:, :2] >= 0).all()
        assert (boxes[:, 2:] <= torch.tensor([96, 64])).all()
        assert (boxes[:, 2:] - boxes[:, :2] >= 16).all()
        assert sample.gt_instances.labels.tolist() == [0, 1, 2, 0, 1, 2, 0]
        whole = boxes.int()
        areas = (whole[:, 2:] - whole[:, :2]).prod(dim=1)
        assert sample.gt_instances.masks.areas.tolist() == areas.tolist()


@pytest.mark.parametrize(
    'name',
    ['d2det/d2det-mask_r18_fpn_1x_shapes', 'refinedet/refinedet320_r18_1x_shapes'],
)
def test_a_step_changes_the_weights(name):
    model = build_for_training(Config.fromfile(CONFIGS / f'{name}.py'))
    inputs = torch.randn(1, 3, 128, 128)
    samples = labelled_samples_for(inputs, 5, 4, with_masks=model.with_mask)
    weight = next(p for name, p in model.named_parameters() if 'cls' in name)
    before = weight.detach().clone()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    assert training_step(model, optimizer, inputs, samples) > 0
    assert not weight.equal(before)

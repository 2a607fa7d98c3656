from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from samples.configs import load_config
from torch import nn

from mmdet_plus.analysis.inference_cost.detectors import (
    samples_for,
    without_pretraining,
)
from mmdet_plus.analysis.inference_cost.profiling import (
    Cost,
    cost_table,
    macs_of,
    parts_of,
    peak_growth,
    plot_costs,
    profile,
)

CONFIGS = Path(__file__).parents[3] / 'configs'


class Detector(nn.Module):
    """A convolution, a RoI head of two layers, and nothing else."""

    def __init__(self):
        super().__init__()
        self.data_preprocessor = nn.Identity()
        self.backbone = nn.Conv2d(3, 4, 3, padding=1, bias=False)
        self.roi_head = nn.Module()
        self.roi_head.bbox_head = nn.Linear(4, 5)
        self.roi_head.heads = nn.ModuleList([nn.Linear(5, 2)])
        self.roi_head.loss_cls = nn.CrossEntropyLoss()

    def predict(self, inputs, samples, rescale):
        x = self.backbone(inputs).mean(dim=(2, 3))
        return self.roi_head.heads[0](self.roi_head.bbox_head(x))


def test_parts_are_components_and_those_inside_roi_heads():
    assert [*parts_of(Detector())] == [
        'backbone',
        'roi_head.bbox_head',
        'roi_head.heads.0',
    ]


def test_operations_and_calls_of_one_prediction():
    costs = profile(Detector(), torch.zeros(2, 3, 8, 6), [], runs=3)
    assert costs['backbone'].macs == 2 * 4 * 48 * 27
    assert costs['roi_head.bbox_head'].macs == 2 * 20
    assert [cost.calls for cost in costs.values()] == [1, 1, 1, 1]
    assert all(cost.seconds > 0 for cost in costs.values())


@pytest.mark.parametrize(
    ('layer', 'macs'),
    [
        (nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), 6 * 16 * 18),
        (nn.ConvTranspose2d(4, 6, 2, stride=2), 4 * 64 * 24),
        (nn.ConvTranspose2d(4, 6, 2, stride=2, groups=2), 4 * 64 * 12),
    ],
)
def test_multiplications_of_convolutions(layer, macs):
    inputs = torch.zeros(1, 4, 8, 8)
    assert macs_of(layer, inputs, layer(inputs)) == macs


def test_table_and_picture(tmp_path):
    costs = dict(neck=Cost(0.003, 2 * 10**9, 1), unused=Cost(), rest=Cost(0.001, 0, 1))
    rows = cost_table(costs).splitlines()[2:]
    assert rows == [
        '| neck | 1 | 3.0 | 75 % | 2.00 |',
        '| rest | 1 | 1.0 | 25 % | 0.00 |',
        '| all | | 4.0 | 100 % | 2.00 |',
    ]
    plot_costs(costs, tmp_path / 'costs.png')
    assert (tmp_path / 'costs.png').stat().st_size > 1000


def test_memory_that_is_freed_again_counts():
    # More than other tests may have left behind for the allocator to use again.
    growth = peak_growth(lambda: torch.ones(512, 2**18).sum())
    assert 200 < growth < 1000


def test_memory_that_earlier_work_left_does_not_hide_that_of_later_work():
    def work():
        # Pieces that the heap keeps when they are freed.
        return [torch.ones(20, 1024, 4) for _ in range(200)]

    first, second = peak_growth(work), peak_growth(work)
    assert second > 0.8 * first > 40


def test_the_parts_of_a_refiner_count():
    cfg = load_config(CONFIGS / 'dcr' / 'faster-rcnn-dcrv2_tiny_shapes.py')
    model = MODELS.build(without_pretraining(cfg.model)).eval()
    inputs = torch.randn(1, 3, 64, 64)
    costs = profile(model, inputs, samples_for(inputs), runs=1)
    ran = [name for name, cost in costs.items() if cost.calls and 'refiner' in name]
    assert 'roi_head.refiner.roi_extractor' in ran
    assert [name for name in ran if name.startswith('roi_head.refiner.tail.layer')]

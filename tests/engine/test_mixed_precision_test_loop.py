import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmdet_plus.engine import MixedPrecisionTestLoop


class Numbers(Dataset):
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return torch.full((2,), 1.0 + index)


class Model(nn.Module):
    """Keeps the type of what it computes."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(2, 2)
        self.seen = []

    def forward(self, x, mode=None):
        return self.linear(x)

    def test_step(self, batch):
        self.seen.append(self(torch.stack(list(batch))).dtype)
        return [BaseDataElement() for _ in batch]


class Count(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(len(data_batch))

    def compute_metrics(self, results):
        return dict(count=sum(results))


@pytest.fixture
def runner(tmp_path):
    model = Model()
    runner = Runner.__new__(Runner)
    runner.__dict__.update(_hooks=[], _log_buffer=None)
    runner.model = model
    runner.call_hook = lambda *args, **kwargs: None
    return runner


def test_computes_in_bfloat16_on_a_cpu(runner):
    loader = DataLoader(Numbers(), batch_size=2, collate_fn=list)
    loop = MixedPrecisionTestLoop(
        runner=runner, dataloader=loader, evaluator=Evaluator(Count())
    )
    assert loop.run()['count'] == 3
    assert runner.model.seen == [torch.bfloat16] * 2
    assert runner.model(torch.ones(1, 2)).dtype == torch.float32  # only meanwhile

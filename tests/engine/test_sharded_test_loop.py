import logging

import pytest
import torch
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.runner import Runner
from mmengine.structures import BaseDataElement
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmdet_plus.engine import (
    ChosenSampler,
    ShardedMixedPrecisionTestLoop,
    ShardedTestLoop,
)
from mmdet_plus.errors import UserError


class Numbers(Dataset):
    def __len__(self):
        return 7

    def __getitem__(self, index):
        return index


class Model(nn.Module):
    """Gives its numbers back; stops when it sees ``stop``."""

    def __init__(self, stop=None):
        super().__init__()
        self.linear = nn.Linear(1, 1)
        self.stop = stop
        self.seen = []

    def test_step(self, batch):
        if self.stop in batch:
            raise KeyboardInterrupt
        self.seen += batch
        return [BaseDataElement(metainfo=dict(number=number)) for number in batch]


class Collect(BaseMetric):
    """Keeps each number; the figure is all of them, in order."""

    def process(self, data_batch, data_samples):
        self.results += [sample['number'] for sample in data_samples]

    def compute_metrics(self, results):
        return dict(numbers=results)


class Total(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results.append(sum(sample['number'] for sample in data_samples))

    def compute_metrics(self, results):
        return {}


def make_loop(model, folder, metric=None, kind=ShardedTestLoop, about=None):
    runner = Runner.__new__(Runner)
    runner.__dict__.update(_hooks=[], _log_buffer=None, logger=logging.getLogger())
    runner.model = model
    runner.call_hook = lambda *args, **kwargs: None
    data = Numbers()
    loader = DataLoader(
        data,
        batch_size=2,
        sampler=ChosenSampler(data, shuffle=False, seed=0),
        collate_fn=list,
    )
    return kind(
        runner=runner,
        dataloader=loader,
        evaluator=Evaluator(metric or Collect()),
        folder=folder,
        about=about or dict(model='a'),
        images_per_shard=2,
    )


def test_goes_on_where_it_was_stopped(tmp_path):
    stopped = Model(stop=4)
    with pytest.raises(KeyboardInterrupt):
        make_loop(stopped, tmp_path).run()
    assert stopped.seen == [0, 1, 2, 3]
    model = Model()
    assert make_loop(model, tmp_path).run()['numbers'] == list(range(7))
    assert model.seen == [4, 5, 6]


def test_what_is_done_is_only_evaluated(tmp_path):
    make_loop(Model(), tmp_path).run()
    model = Model()
    assert make_loop(model, tmp_path).run()['numbers'] == list(range(7))
    assert model.seen == []


def test_processes_divide_what_is_left(tmp_path, monkeypatch):
    with pytest.raises(KeyboardInterrupt):
        make_loop(Model(stop=2), tmp_path).run()
    seen = []
    for rank in range(2):
        monkeypatch.setattr(
            'mmdet_plus.engine.sharded_test_loop.get_dist_info', lambda r=rank: (r, 2)
        )
        # The other process has not begun: its images have no predictions.
        loop = make_loop(model := Model(), tmp_path / str(rank))
        loop._shards.folder = tmp_path
        monkeypatch.setattr(loop._shards, 'read', lambda: {0: [0], 1: [1]})
        with pytest.raises(UserError, match='of 7 images have no predictions'):
            loop.run()
        seen.append(model.seen)
    assert seen == [[2, 4, 6], [3, 5]]


def test_folder_of_another_test(tmp_path):
    make_loop(Model(), tmp_path).run()
    with pytest.raises(UserError, match='not the same model'):
        make_loop(Model(), tmp_path, about=dict(model='b')).run()


def test_metrics_that_keep_no_result_for_each_image(tmp_path):
    with pytest.raises(UserError, match='Total does not keep one result for each'):
        make_loop(Model(), tmp_path, Total()).run()


def test_in_fewer_bits(tmp_path):
    class Half(Model):
        def test_step(self, batch):
            found = super().test_step(batch)
            self.kind = self.linear(torch.ones(1, 1)).dtype
            return found

    model = Half()
    loop = make_loop(model, tmp_path, kind=ShardedMixedPrecisionTestLoop)
    assert loop.run()['numbers'] == list(range(7))
    assert model.kind == torch.bfloat16


def test_a_sampler_without_choice_yields_all():
    sampler = ChosenSampler(Numbers(), shuffle=False, seed=0)
    assert list(sampler) == list(range(7))
    assert len(sampler) == 7
    sampler.chosen = [5, 2]
    assert list(sampler) == [5, 2]
    assert len(sampler) == 2

import itertools

import pytest
from mmengine.config import Config
from torch.utils.data import Sampler

from mmdet_plus.cli.launch import build_runner
from mmdet_plus.errors import UserError


@pytest.fixture
def cfg(tiny_config, tmp_path):
    cfg = Config.fromfile(tiny_config)
    cfg.work_dir = str(tmp_path / 'work')
    return cfg


def test_a_run_begins_with_its_first_iteration(cfg):
    runner = build_runner(cfg)
    assert not runner.has_begun
    runner.train()
    assert runner.has_begun


@pytest.mark.parametrize('stage', ['train', 'val'])
def test_filters_that_leave_no_image(cfg, stage):
    dataset = cfg[f'{stage}_dataloader'].dataset
    dataset.update(filter_cfg=dict(min_size=65), test_mode=False)
    runner = build_runner(cfg)
    with pytest.raises(UserError, match=rf'{stage}_dataloader\.dataset is empty'):
        getattr(runner, stage)()


def test_fewer_images_than_a_batch(cfg):
    cfg.train_dataloader.update(batch_size=5, drop_last=True)
    runner = build_runner(cfg)
    with pytest.raises(UserError, match=r'4 images for .* fewer than batch_size 5'):
        runner.train()


class Endless(Sampler):
    """A sampler of unknown length."""

    def __init__(self, dataset, **kwargs):
        self.count = len(dataset)

    def __iter__(self):
        return itertools.cycle(range(self.count))


def test_endless_samplers_fill_any_batch(cfg):
    cfg.train_dataloader.update(batch_size=5, drop_last=True)
    cfg.train_dataloader.sampler = dict(type='InfiniteSampler')
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=1, val_interval=9)
    runner = build_runner(cfg)
    runner.train()
    assert runner.iter == 1


@pytest.mark.parametrize('sampler', [dict(type='InfiniteSampler'), dict(type=Endless)])
def test_samplers_without_an_end_are_not_counted(cfg, sampler):
    cfg.train_dataloader.update(batch_size=5, drop_last=True)
    cfg.train_cfg = dict(type='IterBasedTrainLoop', max_iters=1)
    # The settings hold a class, which a config cannot.
    loader = dict(cfg.train_dataloader, sampler=sampler)
    runner = build_runner(cfg)
    runner._train_dataloader = loader
    assert runner.build_train_loop(cfg.train_cfg).dataloader.drop_last


def test_a_process_without_a_share_is_not_refused_for_another_reason(cfg, monkeypatch):
    runner = build_runner(cfg)
    sampler = dict(type='DefaultSampler', round_up=False)
    runner._train_dataloader = dict(cfg.train_dataloader, sampler=sampler)
    monkeypatch.setattr('mmengine.dataset.sampler.get_dist_info', lambda: (4, 5))
    loop = runner.build_train_loop(cfg.train_cfg)
    assert len(loop.dataloader) == 0


@pytest.mark.parametrize(
    ('key', 'value', 'named'),
    [
        ('train_dataloader.dataset', None, 'train_cfg or train_dataloader cannot'),
        ('train_dataloader.prefetch_factor', 2, 'train_cfg or train_dataloader cannot'),
        ('optim_wrapper.optimizer', None, 'optim_wrapper cannot be built'),
        ('optim_wrapper.type', 'Absent', "optim_wrapper cannot .*'Absent"),
        ('model.backbone.init_cfg', dict(a=1), 'model with its init_cfg cannot'),
        ('param_scheduler', [dict(type='Absent')], "param_scheduler cannot .*'Absent"),
    ],
)
def test_what_cannot_be_built_is_named(cfg, key, value, named):
    cfg.merge_from_dict({key: value})
    runner = build_runner(cfg)
    with pytest.raises(UserError, match=named):
        runner.train()
    assert not runner.has_begun

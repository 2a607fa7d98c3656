import os
from argparse import Namespace
from pathlib import Path

import pytest
from mmengine.config import Config

from mmdet_plus.cli import launch
from mmdet_plus.errors import UserError

REPOSITORY = Path(__file__).parents[2]


def test_no_launcher_starts_nothing():
    cfg = Config(dict(launcher='none'))
    launch.start_distributed(cfg)
    assert 'model_wrapper_cfg' not in cfg


@pytest.mark.parametrize(
    ('launcher', 'variable'),
    [
        ('pytorch', 'RANK'),
        ('slurm', 'SLURM_PROCID'),
        ('mpi', 'OMPI_COMM_WORLD_RANK'),
    ],
)
def test_absent_variable_of_the_launcher_is_named(monkeypatch, launcher, variable):
    monkeypatch.delenv(variable, raising=False)
    with pytest.raises(UserError, match=f'needs the variables {variable}'):
        launch.start_distributed(Config(dict(launcher=launcher)))


@pytest.fixture
def run_job(tmp_path, monkeypatch):
    """Run a job that does nothing, in a process of a rank; tell what was called."""
    path = tmp_path / 'config.py'
    path.write_text('a = 1')
    monkeypatch.setenv('LOCAL_RANK', '0')
    monkeypatch.setattr(launch, 'start_distributed', lambda cfg: None)
    monkeypatch.setattr(launch, 'build_runner', lambda cfg: 'the runner')
    given = dict(config=str(path), cfg_options={}, work_dir=str(tmp_path / 'w'))
    given['unsafe_load'] = False

    def run(rank):
        monkeypatch.setenv('RANK', rank)
        called = []
        launch.run_job(
            Namespace(**given, launcher='pytorch', local_rank=3),
            lambda cfg, args: called.append('options'),
            lambda cfg: [called.append('check') or 'look out'],
            called.append,
        )
        return called

    return run


def test_only_the_first_process_checks_and_warns(run_job, capsys):
    assert run_job('1') == ['options', 'the runner']
    assert capsys.readouterr().err == ''
    assert run_job('0') == ['options', 'check', 'the runner']
    assert capsys.readouterr().err == 'warning: look out\n'


def test_variable_of_the_local_rank_comes_first(run_job, monkeypatch):
    monkeypatch.setenv('LOCAL_RANK', '1')
    run_job('0')
    assert os.environ['LOCAL_RANK'] == '1'
    monkeypatch.delenv('LOCAL_RANK')
    run_job('0')
    assert os.environ['LOCAL_RANK'] == '3'


@pytest.mark.parametrize('name', ['default', 'iterations', 'shapes'])
def test_configs_based_on_ours_have_the_guards(name):
    cfg = Config.fromfile(f'{REPOSITORY}/configs/_base_/{name}_runtime.py')
    before = list(cfg.custom_hooks)
    assert before[0] == dict(type='EpochSeedHook')
    assert cfg.default_hooks.checkpoint.type == 'WholeCheckpointHook'
    launch.add_guards(cfg)
    assert cfg.custom_hooks == before


def test_other_configs_get_the_guards_that_they_lack():
    cfg = Config(dict(custom_hooks=[dict(type='EMAHook'), dict(type='DivergenceHook')]))
    launch.add_guards(cfg)
    assert [hook.type for hook in cfg.custom_hooks] == [
        'EMAHook',
        'DivergenceHook',
        'ImageErrorHook',
        'CheckpointMatchHook',
    ]
    cfg = Config(dict(custom_hooks=None))
    launch.add_guards(cfg)
    assert {hook.type for hook in cfg.custom_hooks} == {*launch.GUARDS}


@pytest.mark.parametrize('name', ['val_dataloader', 'val_cfg', 'test_evaluator'])
def test_parts_of_a_stage_go_together(tiny_config, tmp_path, name):
    cfg = Config.fromfile(tiny_config)
    cfg.work_dir = str(tmp_path / 'work')
    cfg[name] = None
    with pytest.raises(UserError, match=f'go together: {name} must be set'):
        launch.build_runner(cfg)
    assert not (tmp_path / 'work').exists()

"""A training killed in its second epoch and resumed ends with the same weights."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

TRAIN = Path(__file__).parents[2] / 'tools/train.py'

KILL_HOOK = """
import os, signal
from mmdet.registry import HOOKS
from mmengine.hooks import Hook

@HOOKS.register_module()
class KillHook(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if 'KILL' in os.environ and runner.epoch == 1:
            os.kill(os.getpid(), signal.SIGKILL)
"""

CONFIG = """
_base_ = './tiny.py'
custom_imports = dict(imports=['mmdet_plus', 'kill_hook'])
custom_hooks = {hooks}
train_cfg = dict(max_epochs=3)
train_dataloader = dict(num_workers={num_workers})
val_dataloader = None
val_cfg = None
val_evaluator = None
param_scheduler = [dict(type='LinearLR', start_factor=0.1, by_epoch=False, end=5)]
"""


@pytest.fixture
def train(tiny_config, tmp_path):
    (tmp_path / 'kill_hook.py').write_text(KILL_HOOK)

    def run(work_dir, *flags, kill=False):
        environment = dict(os.environ, PYTHONPATH=str(tmp_path), OMP_NUM_THREADS='1')
        if kill:
            environment['KILL'] = '1'
        command = [sys.executable, TRAIN, 'run.py', '--work-dir', work_dir, *flags]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True
        )
        assert done.returncode == (-signal.SIGKILL if kill else 0), done.stderr

    return run


def weights(folder):
    return torch.load(folder / 'epoch_3.pth', weights_only=False)['state_dict']


@pytest.mark.slow
@pytest.mark.parametrize(
    ('has_hook', 'num_workers'), [(True, 0), (True, 2), (False, 0)]
)
def test_resumed_equals_uninterrupted(train, tmp_path, has_hook, num_workers):
    hooks = [dict(type='KillHook')] + has_hook * [dict(type='EpochSeedHook')]
    text = CONFIG.format(hooks=hooks, num_workers=num_workers)
    (tmp_path / 'run.py').write_text(text)
    train('whole')
    train('parts', kill=True)
    assert (tmp_path / 'parts/epoch_1.pth').exists()
    assert not (tmp_path / 'parts/epoch_2.pth').exists()
    train('parts', '--resume')
    whole, parts = weights(tmp_path / 'whole'), weights(tmp_path / 'parts')
    assert whole.keys() == parts.keys()
    is_equal = all(torch.equal(whole[name], parts[name]) for name in whole)
    assert is_equal is has_hook

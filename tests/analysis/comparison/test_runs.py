import json
import sys
import threading

import pytest

from mmdet_plus.analysis.comparison import runs
from mmdet_plus.analysis.comparison.plan import Plan, Run
from mmdet_plus.analysis.comparison.runs import (
    Commands,
    jobs_of,
    length_options,
    work_on,
)
from mmdet_plus.errors import UserError

# Writes what it was called with; "trains" for a moment.
TRAIN = """
import json, os, sys, time
from pathlib import Path
work_dir = Path(sys.argv[sys.argv.index('--work-dir') + 1])
work_dir.mkdir(parents=True, exist_ok=True)
with (work_dir / 'calls.txt').open('a') as calls:
    calls.write(json.dumps([sys.argv[1:], os.environ['OMP_NUM_THREADS']]) + chr(10))
time.sleep(0.2)
if (work_dir / 'fail').exists():
    sys.exit(3)
(work_dir / 'last_checkpoint').write_text('epoch_1.pth')
"""
TEST = """
import json, sys
prefix = next(a for a in sys.argv if a.startswith('test_evaluator')).split('=')[1]
open(prefix + '.bbox.json', 'w').write(json.dumps(sys.argv[1:]))
"""

CONFIG = """
train_cfg = dict(max_epochs=4)
param_scheduler = [
    dict(type='LinearLR', by_epoch=False, begin=0, end=4),
    dict(type='CosineAnnealingLR', begin=0, end=4, T_max=4),
]
"""


@pytest.fixture
def commands(tmp_path):
    parts = []
    for name, text in (('train', TRAIN), ('test', TEST)):
        path = tmp_path / f'{name}.py'
        path.write_text(text)
        parts.append([sys.executable, str(path)])
    return Commands(*parts)


@pytest.fixture
def jobs(tmp_path):
    config = tmp_path / 'one.py'
    config.write_text(CONFIG)
    one = Run('one', config, options={'load_from': 'start.pth'})
    own = {'one': one, 'two': Run('two', config, epochs=7)}
    return jobs_of(Plan('', '', (0, 3), own, ()), tmp_path / 'work')


def calls(job):
    lines = (job.folder / 'train' / 'calls.txt').read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_each_seed_of_each_run_is_trained_and_tested_once(jobs, commands):
    work_on(jobs, commands, threads=2, tell=lambda line: None)
    work_on(jobs, commands, tell=lambda line: None)
    assert [(job.run.name, job.seed) for job in jobs] == [
        ('one', 0),
        ('two', 0),
        ('one', 3),
        ('two', 3),
    ]
    for job in jobs:
        ((arguments, threads),) = calls(job)
        assert threads == '2'
        assert '--resume' in arguments
        assert f'randomness.seed={job.seed}' in arguments
        length = 7 if job.run.name == 'two' else 4
        assert f'train_cfg.max_epochs={length}' in arguments
        assert f'param_scheduler.1.T_max={length}' in arguments
        tested = json.loads(job.predictions('bbox').read_text())
        assert tested[1] == 'epoch_1.pth'
        assert not any('load_from' in argument for argument in tested)
        result = json.loads(job.result_file.read_text())
        assert result['seconds'] >= 0.2
        assert result['peak_mib'] > 1
        assert result['versions']['torch']


def test_two_workers_divide_the_jobs(jobs, commands, monkeypatch):
    monkeypatch.setattr(runs, 'WAIT_SECONDS', 0.05)
    lines = []
    workers = [
        threading.Thread(target=work_on, args=(jobs, commands), kwargs=dict(tell=tell))
        for tell in (lines.append, lines.append)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sum(line.endswith('training') for line in lines) == len(jobs)
    assert all(len(calls(job)) == 1 for job in jobs)
    assert all(job.is_done for job in jobs)


def test_a_failed_training_names_its_log_and_is_tried_again(jobs, commands):
    marker = jobs[0].folder / 'train' / 'fail'
    marker.parent.mkdir(parents=True)
    marker.touch()
    with pytest.raises(
        UserError, match=r'train\.py .*one\.py failed: see .*train\.log'
    ):
        work_on(jobs, commands, tell=lambda line: None)
    assert not jobs[0].is_done
    marker.unlink()
    work_on(jobs, commands, tell=lambda line: None)
    assert len(calls(jobs[0])) == 2
    assert jobs[0].is_done


def test_the_length_reaches_what_counts_epochs(jobs):
    assert length_options(jobs[1].run) == {
        'train_cfg.max_epochs': 7,
        'train_cfg.val_interval': 8,
        'param_scheduler.1.end': 7,
        'param_scheduler.1.T_max': 7,
    }


def test_configs_that_count_iterations_are_refused(tmp_path):
    (tmp_path / 'one.py').write_text('train_cfg = dict(max_iters=9)\n')
    with pytest.raises(UserError, match='max_epochs is needed'):
        length_options(Run('one', tmp_path / 'one.py', epochs=3))

import json
import sys
import threading
from dataclasses import replace

import pytest
from mmengine.config import Config

from mmdet_plus.analysis.comparison import runs
from mmdet_plus.analysis.comparison.plan import Plan, Run
from mmdet_plus.analysis.comparison.runs import (
    Commands,
    job_config,
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


@pytest.fixture
def dependent(tmp_path):
    """A run, one that starts from it, and one that is tested with those weights."""
    config = tmp_path / 'one.py'
    config.write_text(CONFIG)
    one = Run('one', config)
    two = Run('two', config, options={'start': 'at {checkpoint}'}, after=one)
    three = Run('three', config, options=two.options | {'x': 1}, weights_of=two)
    runs = {run.name: run for run in (one, two, replace(three, after=one))}
    return Plan('', '', (0,), runs, ())


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
        cfg = Config.fromfile(arguments[0])
        assert cfg.randomness.seed == job.seed
        length = 7 if job.run.name == 'two' else 4
        assert cfg.train_cfg.max_epochs == length
        assert cfg.param_scheduler[1].T_max == length
        assert cfg.get('load_from') == ('start.pth' if length == 4 else None)
        tested = json.loads(job.predictions('bbox').read_text())
        assert tested[:2] == [arguments[0], str(job.folder / 'train' / 'epoch_1.pth')]
        result = json.loads(job.result_file.read_text())
        assert result['seconds'] >= 0.2
        assert 0 < result['cpu_seconds'] < result['seconds']
        assert not result['interrupted']
        assert result['threads'] == 2
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
    assert sum(line.endswith('started') for line in lines) == len(jobs)
    assert all(len(calls(job)) == 1 for job in jobs)
    assert all(job.is_done for job in jobs)


def test_a_failed_training_names_its_log_and_is_tried_again(jobs, commands):
    marker = jobs[0].folder / 'train' / 'fail'
    marker.parent.mkdir(parents=True)
    marker.touch()
    with pytest.raises(
        UserError, match=r'train\.py .*config\.py failed: see .*train\.log'
    ):
        work_on(jobs, commands, tell=lambda line: None)
    assert not jobs[0].is_done
    marker.unlink()
    work_on(jobs, commands, tell=lambda line: None)
    assert len(calls(jobs[0])) == 2
    assert jobs[0].is_done
    assert json.loads(jobs[0].result_file.read_text())['interrupted']


def test_jobs_wait_for_the_weights_that_they_need(dependent, commands, tmp_path):
    one, two, three = jobs_of(dependent, tmp_path / 'work')
    work_on([three, two, one], commands, tell=lambda line: None)
    weights = two.folder / 'train' / 'epoch_1.pth'
    assert three.checkpoint == two.checkpoint == weights
    assert json.loads(three.predictions('bbox').read_text())[1] == str(weights)
    assert not (three.folder / 'train').exists()
    start = f'at {one.folder}/train/epoch_1.pth'
    assert [job_config(job).get('start') for job in (one, two, three)] == [
        None,
        start,
        start,
    ]


def test_chosen_runs_bring_what_they_need(dependent, tmp_path):
    names = [job.run.name for job in jobs_of(dependent, tmp_path, ['three'])]
    assert names == ['one', 'two', 'three']
    assert [job.run.name for job in jobs_of(dependent, tmp_path, ['one'])] == ['one']


def test_plans_share_their_trainings(dependent, tmp_path):
    own = replace(dependent.runs['one'], name='the same')
    (job,) = jobs_of(Plan('', '', (0,), {'the same': own}, ()), tmp_path)
    assert job.folder == jobs_of(dependent, tmp_path)[0].folder


def test_the_length_reaches_what_counts_epochs(jobs):
    assert length_options(jobs[1].run.content(), 7) == {
        'train_cfg.max_epochs': 7,
        'train_cfg.val_interval': 8,
        'param_scheduler.1.end': 7,
        'param_scheduler.1.T_max': 7,
    }


def test_configs_that_count_iterations_are_refused(tmp_path):
    (tmp_path / 'one.py').write_text('train_cfg = dict(max_iters=9)\n')
    with pytest.raises(UserError, match='max_epochs is needed'):
        length_options(Config.fromfile(tmp_path / 'one.py'), 3)

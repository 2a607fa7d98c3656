"""Trains and tests the runs of a plan, each once, whoever else works on them too."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout
from mmengine.config import Config

from ...errors import UserError
from ...version import __version__
from ...whole_files import written_whole
from .plan import Plan, Run

VERSIONS = ('torch', 'onedl-mmdetection', 'onedl-mmcv', 'onedl-mmengine')
RESULT_FILE = 'result.json'
WAIT_SECONDS = 10.0


class Commands(NamedTuple):
    """Programs, with their first arguments, that a run starts."""

    train: Sequence[str]
    test: Sequence[str]


class Job(NamedTuple):
    """A run with a seed, and the folder that is its own."""

    run: Run
    seed: int
    folder: Path

    @property
    def result_file(self) -> Path:
        """There when the job is done, and only then."""
        return self.folder / RESULT_FILE

    @property
    def is_done(self) -> bool:
        """Whether somebody trained and tested it."""
        return self.result_file.is_file()

    def predictions(self, kind: str) -> Path:
        """Detections in COCO format, of kind ``'bbox'`` or ``'segm'``."""
        return self.folder / f'predictions.{kind}.json'


def jobs_of(plan: Plan, root: Path) -> list[Job]:
    """All runs with all seeds, seed by seed, so that early results are comparable."""
    keys = {name: run.key for name, run in plan.runs.items()}
    return [
        Job(run, seed, root / keys[name] / f'seed_{seed}')
        for seed in plan.seeds
        for name, run in plan.runs.items()
    ]


def work_on(
    jobs: Sequence[Job],
    commands: Commands,
    *,
    threads: int = 1,
    tell: Callable[[str], object] = print,
) -> None:
    """Do all jobs that nobody did, leaving out those that others are doing; then wait.

    Processes and machines that share the folders divide the jobs between them.

    Args:
        jobs: may be done already.
        commands: how to train and test.
        threads: of each training.
        tell: takes a line about each job.

    Raises:
        UserError: when a training or a test fails; names its log.
    """
    for job in _claimed(jobs):
        tell(f'{job.run.name}, seed {job.seed}: training')
        usage = _train(job, commands, threads)
        _test(job, commands, threads)
        _write_result(job, usage)
        tell(f'{job.run.name}, seed {job.seed}: done in {usage["seconds"]:.0f} s')


def _claimed(jobs: Sequence[Job]) -> Iterator[Job]:
    """Jobs to do, one after another, each locked while it is done."""
    waiting = list(jobs)
    while waiting:
        before, waiting = waiting, []
        for job in before:
            job.folder.mkdir(parents=True, exist_ok=True)
            try:
                with FileLock(job.folder / 'lock', timeout=0):
                    if not job.is_done:
                        yield job
            except Timeout:
                waiting.append(job)
        if len(waiting) == len(before):
            time.sleep(WAIT_SECONDS)


def _train(job: Job, commands: Commands, threads: int) -> dict[str, float]:
    options = {
        **length_options(job.run),
        **job.run.options,
        'randomness.seed': job.seed,
    }
    command = [
        *commands.train,
        str(job.run.config),
        '--work-dir',
        str(job.folder / 'train'),
        '--resume',
        *_cfg_options(options),
    ]
    return _start(command, job.folder / 'train.log', threads)


def length_options(run: Run) -> dict[str, int]:
    """Keys of the config that make a training last ``run.epochs``, tested at its end.

    Raises:
        UserError: if the config counts iterations.
    """
    cfg = Config.fromfile(run.config)
    before = (cfg.get('train_cfg') or {}).get('max_epochs')
    if before is None:
        raise UserError(f'{run.config}: train_cfg.max_epochs is needed')
    epochs = run.epochs or before
    options = {'train_cfg.max_epochs': epochs, 'train_cfg.val_interval': epochs + 1}
    for index, scheduler in enumerate(cfg.get('param_scheduler') or ()):
        for key in ('end', 'T_max'):
            if scheduler.get('by_epoch', True) and scheduler.get(key) == before:
                options[f'param_scheduler.{index}.{key}'] = epochs
    return options


def _test(job: Job, commands: Commands, threads: int) -> None:
    pointer = job.folder / 'train' / 'last_checkpoint'
    prefix = {'test_evaluator.outfile_prefix': str(job.folder / 'predictions')}
    command = [
        *commands.test,
        str(job.run.config),
        pointer.read_text().strip(),
        '--work-dir',
        str(job.folder / 'test'),
        *_cfg_options({**_test_options(job.run.options), **prefix}),
    ]
    _start(command, job.folder / 'test.log', threads)


def _test_options(options: dict) -> dict:
    # The weights that a training starts from are not those that are tested.
    return {key: value for key, value in options.items() if key != 'load_from'}


def _cfg_options(options: dict) -> list[str]:
    return ['--cfg-options', *(f'{key}={value}' for key, value in options.items())]


def _start(command: Sequence[str], log: Path, threads: int) -> dict[str, float]:
    """Run a program to its end; returns its seconds and its peak memory."""
    environment = {**os.environ, 'OMP_NUM_THREADS': str(threads)}
    start = time.monotonic()
    with log.open('a') as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        # Unlike Popen.wait, says what this child used.
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise UserError(f'{command[1]} {command[2]} failed: see {log}')
    # Linux counts in KiB, macOS in bytes.
    unit = 1 if sys.platform == 'darwin' else 1024
    peak = usage.ru_maxrss * unit / 2**20
    return dict(seconds=time.monotonic() - start, peak_mib=peak)


def _write_result(job: Job, usage: dict[str, float]) -> None:
    content = dict(
        name=job.run.name,
        config=job.run.config.name,
        seed=job.seed,
        epochs=job.run.epochs,
        options=job.run.options,
        versions=dict(mmdet_plus=__version__, commit=_commit(), **_host_versions()),
        **usage,
    )
    with written_whole(job.result_file) as place:
        place.write_text(json.dumps(content, indent=2) + '\n')


def _host_versions() -> dict[str, str]:
    return {name: version(name) for name in VERSIONS}


def _commit() -> str | None:
    """The commit of the code, where it is a checkout."""
    command = ['git', '-C', str(Path(__file__).parent), 'rev-parse', '--short', 'HEAD']
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None

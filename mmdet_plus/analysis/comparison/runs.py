"""Trains and tests the runs of a plan, each once, whoever else works on them too."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

import torch
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
    """A run with a seed, and the folder that is its own.

    Attributes:
        run: what is trained or tested.
        seed: of the training.
        folder: of this job alone.
        source: the job whose weights this one needs.
    """

    run: Run
    seed: int
    folder: Path
    source: 'Job | None' = None

    @property
    def result_file(self) -> Path:
        """There when the job is done, and only then."""
        return self.folder / RESULT_FILE

    @property
    def is_done(self) -> bool:
        """Whether somebody trained and tested it."""
        return self.result_file.is_file()

    @property
    def is_ready(self) -> bool:
        """Whether the weights that it needs are there."""
        return self.source is None or self.source.is_done

    @property
    def checkpoint(self) -> Path:
        """The weights it is tested with."""
        if self.run.weights_of and self.source:
            return self.source.checkpoint
        pointer = self.folder / 'train' / 'last_checkpoint'
        # By its name: the folder may have been moved.
        return pointer.with_name(Path(pointer.read_text().strip()).name)

    @property
    def has_weights(self) -> bool:
        """Whether the weights that it was tested with are still there."""
        try:
            return self.checkpoint.is_file()
        except OSError:
            return False

    def predictions(self, kind: str) -> Path:
        """Detections in COCO format, of kind ``'bbox'`` or ``'segm'``."""
        return self.folder / f'predictions.{kind}.json'


def jobs_of(plan: Plan, root: Path, names: Collection[str] = ()) -> list[Job]:
    """Runs with all seeds, seed by seed, so that early results are comparable.

    Args:
        plan: whose runs.
        root: folder of all jobs.
        names: of the runs; all if there are none. What they need is added.
    """
    jobs: dict[tuple[str, int], Job] = {}
    runs = _with_sources(plan, names)
    keys = {run.name: run.key for run in runs}
    for seed in plan.seeds:
        for run in runs:
            folder = root / keys[run.name] / f'seed_{seed}'
            source = jobs[run.source.name, seed] if run.source else None
            jobs[run.name, seed] = Job(run, seed, folder, source)
    return list(jobs.values())


def _with_sources(plan: Plan, names: Collection[str]) -> list[Run]:
    wanted = set(names or plan.runs)
    # Those that others need come before them.
    for run in reversed(plan.runs.values()):
        if run.name in wanted and run.source:
            wanted.add(run.source.name)
    return [run for name, run in plan.runs.items() if name in wanted]


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
        jobs: may be done already; with those whose weights others of them need.
        commands: how to train and test.
        threads: of each training.
        tell: takes a line about each job.

    Raises:
        UserError: when a training or a test fails; names its log.
    """
    for job in _claimed(jobs):
        tell(f'{job.run.name}, seed {job.seed}: started')
        usage = _do(job, commands, threads)
        _write_result(job, usage, threads)
        tell(f'{job.run.name}, seed {job.seed}: done in {usage["seconds"]:.0f} s')


def _claimed(jobs: Sequence[Job]) -> Iterator[Job]:
    """Jobs to do, one after another, each locked while it is done."""
    waiting = list(jobs)
    while waiting:
        before, waiting = waiting, []
        for job in before:
            if not job.is_ready:
                waiting.append(job)
                continue
            job.folder.mkdir(parents=True, exist_ok=True)
            try:
                with FileLock(job.folder / 'lock', timeout=0):
                    if not job.is_done:
                        yield job
            except Timeout:
                waiting.append(job)
        if len(waiting) == len(before):
            time.sleep(WAIT_SECONDS)


def _do(job: Job, commands: Commands, threads: int) -> dict[str, Any]:
    """Train and test a job; what the training took, or else the test."""
    config = job.folder / 'config.py'
    with written_whole(config) as part:
        job_config(job).dump(part)
    usage = None
    if not job.run.weights_of:
        work_dir = job.folder / 'train'
        interrupted = work_dir.is_dir()
        options = ['--work-dir', str(work_dir), '--resume']
        usage = _start(
            [*commands.train, str(config), *options], job.folder / 'train.log', threads
        )
        usage['interrupted'] = interrupted
    options = [
        *('--work-dir', str(job.folder / 'test'), '--cfg-options'),
        f'test_evaluator.outfile_prefix={job.folder / "predictions"}',
    ]
    tested = _start(
        [*commands.test, str(config), str(job.checkpoint), *options],
        job.folder / 'test.log',
        threads,
    )
    return usage or tested


def job_config(job: Job) -> Config:
    """The config that a job trains and tests."""
    cfg = job.run.content()
    cfg.merge_from_dict(length_options(cfg, job.run.epochs))
    cfg.merge_from_dict({'randomness.seed': job.seed})
    before = job.source.source if job.run.weights_of and job.source else job.source
    if before:
        cfg.merge_from_dict(_filled(job.run.options, str(before.checkpoint)))
    return cfg


def _filled(options: dict[str, Any], path: str) -> dict[str, Any]:
    return {
        key: value.replace('{checkpoint}', path)
        for key, value in options.items()
        if isinstance(value, str)
    }


def length_options(cfg: Config, epochs: int | None) -> dict[str, int]:
    """Keys of a config that make a training last ``epochs``, tested at its end.

    Raises:
        UserError: if the config counts iterations.
    """
    before = (cfg.get('train_cfg') or {}).get('max_epochs')
    if before is None:
        raise UserError(f'{cfg.filename}: train_cfg.max_epochs is needed')
    epochs = epochs or before
    options = {'train_cfg.max_epochs': epochs, 'train_cfg.val_interval': epochs + 1}
    for index, scheduler in enumerate(cfg.get('param_scheduler') or ()):
        for key in ('end', 'T_max'):
            if scheduler.get('by_epoch', True) and scheduler.get(key) == before:
                options[f'param_scheduler.{index}.{key}'] = epochs
    return options


def _start(command: Sequence[str], log: Path, threads: int) -> dict[str, Any]:
    """Run a program to its end; returns what time and memory it took."""
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
    return dict(
        seconds=time.monotonic() - start,
        # Other programs on the machine do not lengthen it.
        cpu_seconds=usage.ru_utime + usage.ru_stime,
        peak_mib=peak,
    )


def _write_result(job: Job, usage: dict[str, Any], threads: int) -> None:
    content = dict(
        name=job.run.name,
        config=job.run.config.name,
        seed=job.seed,
        epochs=job.run.epochs,
        options=job.run.options,
        weights_of=job.run.weights_of and job.run.weights_of.name,
        device=_device(),
        threads=threads,
        versions=dict(mmdet_plus=__version__, commit=_commit(), **_host_versions()),
        **usage,
    )
    with written_whole(job.result_file) as place:
        place.write_text(json.dumps(content, indent=2) + '\n')


def _device() -> str:
    if torch.cuda.is_available():
        return str(torch.cuda.get_device_name())
    return f'CPU with {torch.backends.cpu.get_cpu_capability()}'


def _host_versions() -> dict[str, str]:
    return {name: version(name) for name in VERSIONS}


def _commit() -> str | None:
    """The commit of the code, where it is a checkout."""
    command = ['git', '-C', str(Path(__file__).parent), 'rev-parse', '--short', 'HEAD']
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else None

"""Runs a tool's job: reads, checks, starts the communication, builds the runner."""

import os
import subprocess
from argparse import Namespace
from collections.abc import Callable

from mmdet.registry import RUNNERS
from mmdet.utils import setup_cache_size_limit_of_dynamo
from mmengine.config import Config
from mmengine.device import get_device
from mmengine.dist import init_dist, is_distributed
from mmengine.runner import Runner
from mmengine.utils.dl_utils import set_multi_processing
from torch import distributed as torch_dist

from ..datasets.folders.coco import forget_files
from ..errors import UserError
from ..zoo.safe_loading import unsafe_loading
from .arguments import LAUNCHER_VARIABLES, is_first_process
from .config_loading import load_config
from .error_reporting import message_of
from .guarded_runner import GuardedRunner
from .preflight.checks import print_warnings
from .unbegun_runs import absent_folders, remove_empty

# In `configs/_base_/default_runtime.py`, too.
GUARDS = ('ImageErrorHook', 'DivergenceHook', 'CheckpointMatchHook')


def run_job(
    args: Namespace,
    set_options: Callable[[Config, Namespace], None],
    check: Callable[[Config], list[str]],
    run: Callable[[Runner], object],
) -> None:
    """Do what the training and the test tool share, from the arguments to the end.

    Args:
        args: what ``command_line.add_shared_arguments`` defines, and the tool's own.
        set_options: puts the tool's own flags into the config, in place.
        check: raises ``UserError`` or returns warnings; called in the first process.
        run: what to do with the runner.
    """
    # MMEngine looks for the rank in the environment only.
    os.environ.setdefault('LOCAL_RANK', str(args.local_rank))
    cfg = load_config(args)
    with unsafe_loading(args.unsafe_load):
        set_options(cfg, args)
        if is_first_process(cfg.launcher):
            warnings = check(cfg)
            if not getattr(args, 'data', None):  # whose examination told them
                print_warnings(warnings)
        forget_files()
        start_distributed(cfg)
        _build_and_run(cfg, args, run)
    stop_distributed()


def _build_and_run(
    cfg: Config, args: Namespace, run: Callable[[Runner], object]
) -> None:
    """Run; what fails before its first iteration takes back what it wrote."""
    report = getattr(args, 'report', None)
    absent = absent_folders(report) if report else []
    runner = build_runner(cfg)
    try:
        run(runner)
    except UserError:
        if isinstance(runner, GuardedRunner) and not runner.has_begun:
            runner.take_back()
            remove_empty(absent)
        raise


def start_distributed(cfg: Config) -> None:
    """Let the processes meet; returns when all of them got here.

    The runner would do this after making its folders. Meeting before that keeps the
    disk clean when the first process finds an error and the others wait for it.
    Without a GPU the backend is gloo: MMEngine's own start sets a CUDA device.

    Args:
        cfg: the whole config; ``model_wrapper_cfg`` is set where there is no GPU.

    Raises:
        UserError: if the launcher's variables are missing.
    """
    if cfg.launcher == 'none' or is_distributed():
        return
    rank, size, _ = LAUNCHER_VARIABLES[cfg.launcher]
    missing = [name for name in (rank, size) if name not in os.environ]
    if missing:
        raise UserError(
            f'--launcher {cfg.launcher} needs the variables {", ".join(missing)}; '
            'start with tools/dist_train.sh, tools/slurm_train.sh or their test twins'
        )
    env_cfg = cfg.get('env_cfg') or {}
    set_multi_processing(**env_cfg.get('mp_cfg', {}), distributed=True)
    dist_cfg = env_cfg.get('dist_cfg', {})
    if get_device() == 'cpu':
        _start_on_cpu(cfg.launcher)
        _wrap_without_device(cfg)
    else:
        init_dist(cfg.launcher, **dist_cfg)
    torch_dist.barrier()


def _start_on_cpu(launcher: str) -> None:
    for target, source in zip(
        LAUNCHER_VARIABLES['pytorch'], LAUNCHER_VARIABLES[launcher], strict=True
    ):
        os.environ[target] = os.environ.get(source, '0')
    if launcher == 'slurm' and 'MASTER_ADDR' not in os.environ:
        os.environ['MASTER_ADDR'] = _first_slurm_host()
    os.environ.setdefault('MASTER_ADDR', '127.0.0.1')
    os.environ.setdefault('MASTER_PORT', '29500')
    torch_dist.init_process_group(backend='gloo')


def _first_slurm_host() -> str:
    hosts = subprocess.run(
        ['scontrol', 'show', 'hostname', os.environ['SLURM_NODELIST']],
        capture_output=True,
        check=True,
        text=True,
    )
    return hosts.stdout.split()[0]


def _wrap_without_device(cfg: Config) -> None:
    # The runner's default wrapper names a GPU, which DDP refuses for a CPU model.
    wrapper = cfg.get('model_wrapper_cfg') or dict(
        type='MMDistributedDataParallel',
        broadcast_buffers=False,
        find_unused_parameters=cfg.get('find_unused_parameters', False),
    )
    cfg.model_wrapper_cfg = dict(wrapper, device_ids=None)


def build_runner(cfg: Config) -> Runner:
    """Build the runner of a checked config; add what explains failures."""
    setup_cache_size_limit_of_dynamo()
    add_guards(cfg)
    _check_stages(cfg)
    try:
        if cfg.get('runner_type'):
            return RUNNERS.build(cfg)
        return GuardedRunner.from_cfg(cfg)
    except Exception as error:
        raise UserError(f'the config cannot be built: {message_of(error)}') from error


def _check_stages(cfg: Config) -> None:
    """Raise ``UserError`` for validation or a test of which a part is absent."""
    for stage in ('val', 'test'):
        keys = [f'{stage}_{name}' for name in ('dataloader', 'cfg', 'evaluator')]
        absent = [key for key in keys if cfg.get(key) is None]
        if 0 < len(absent) < len(keys):
            raise UserError(
                f'{", ".join(keys)} go together: {", ".join(absent)} must be set, or '
                'all of them None'
            )


def add_guards(cfg: Config) -> None:
    """Give a config that is not based on ours the hooks that explain failures.

    Args:
        cfg: the whole config; ``custom_hooks`` is set.
    """
    hooks = cfg.get('custom_hooks') or []
    present = {hook['type'] for hook in hooks}
    added = [dict(type=name) for name in GUARDS if name not in present]
    cfg.custom_hooks = [*hooks, *added]


def stop_distributed() -> None:
    """Leave the process group, if one was joined."""
    if is_distributed():
        torch_dist.destroy_process_group()

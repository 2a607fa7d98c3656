"""Arguments that tools share, and types of arguments."""

import argparse
import math
import os
from argparse import ArgumentTypeError
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

import torch
from mmengine.config import DictAction

from ..errors import UserError

# Each launcher's names for rank, number of processes and rank on this machine.
LAUNCHER_VARIABLES = {
    'pytorch': ('RANK', 'WORLD_SIZE', 'LOCAL_RANK'),
    'slurm': ('SLURM_PROCID', 'SLURM_NTASKS', 'SLURM_LOCALID'),
    'mpi': (
        'OMPI_COMM_WORLD_RANK',
        'OMPI_COMM_WORLD_SIZE',
        'OMPI_COMM_WORLD_LOCAL_RANK',
    ),
}
LAUNCHERS = ('none', *LAUNCHER_VARIABLES)


class ToolParser(argparse.ArgumentParser):
    """Argument parser that raises ``UserError`` where argparse would exit."""

    def error(self, message: str) -> NoReturn:
        raise UserError(f'{message} (see {self.prog} --help)')


class ConfigOptions(DictAction):
    """Collect ``key=value`` pairs as MMEngine does, with errors that say what is wrong.

    Values may be numbers, booleans, None, words, and lists or tuples of those.
    """

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        for pair in [values] if isinstance(values, str) else values or ():
            self._check(pair)
        super().__call__(parser, namespace, values, option_string)

    def _check(self, pair: str) -> None:
        key, equals, value = pair.partition('=')
        if not equals or not all(part.strip() for part in key.split('.')):
            raise argparse.ArgumentError(
                self, f'{pair!r} is not of the form key.of.config=value'
            )
        if value.count('(') != value.count(')') or value.count('[') != value.count(']'):
            raise argparse.ArgumentError(
                self, f'the brackets in {pair!r} do not match; quote the whole pair'
            )


def add_shared_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what ``train.py`` and ``test.py`` both understand."""
    parser.add_argument(
        '--work-dir', help='where logs and results go; default: work_dirs/<config name>'
    )
    add_config_options(parser)
    parser.add_argument(
        '--launcher', choices=LAUNCHERS, default='none', help='who starts the processes'
    )
    add_unsafe_load(parser)
    parser.add_argument(
        '--local_rank',
        '--local-rank',
        type=int,
        default=0,
        help='set by old launchers; the variable LOCAL_RANK comes first',
    )


def add_config_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--cfg-options``."""
    parser.add_argument(
        '--cfg-options',
        nargs='+',
        action=ConfigOptions,
        default={},
        metavar='KEY=VALUE',
        help='change settings of the config, e.g. model.backbone.depth=101 or '
        '"a.list=[1,2]"; no spaces inside a value',
    )


def add_unsafe_load(parser: argparse.ArgumentParser) -> None:
    """Add ``--unsafe-load``, which messages about refused checkpoints name."""
    parser.add_argument(
        '--unsafe-load',
        action='store_true',
        help='load checkpoints that hold more than weights, which can run any code',
    )


def place_of_process(launcher: str) -> tuple[int, int, int]:
    """Rank, number of processes, and rank on this machine.

    Usable before communication is started.
    """
    if launcher == 'none':
        return 0, 1, 0
    rank, size, local = LAUNCHER_VARIABLES[launcher]
    known = os.environ
    return int(known.get(rank, 0)), int(known.get(size, 1)), int(known.get(local, 0))


def is_first_process(launcher: str) -> bool:
    """Whether this process has rank 0; usable before communication is started."""
    return place_of_process(launcher)[0] == 0


def num_processes(launcher: str) -> int:
    """How many processes work together; usable before communication is started."""
    return place_of_process(launcher)[1]


def at_least(low: int, high: int | None = None) -> Callable[[str], int]:
    """Argument type: an integer from ``low`` on, up to ``high``."""

    def parse(text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            raise ArgumentTypeError(f'must be an integer, got {text!r}') from None
        if value < low:
            raise ArgumentTypeError(f'must be at least {low}, got {value}')
        if high is not None and value > high:
            raise ArgumentTypeError(f'must be at most {high}, got {value}')
        return value

    return parse


def number_in(low: float, high: float, *, with_low: bool = True) -> Callable:
    """Argument type: a finite number from ``low`` to ``high``.

    Args:
        low: the least, or what the number is above.
        high: the greatest.
        with_low: whether ``low`` itself is allowed.
    """
    limits = f'{"from" if with_low else "above"} {low:g} to {high:g}'

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        is_above = value >= low if with_low else value > low
        if not math.isfinite(value) or not is_above or value > high:
            raise ArgumentTypeError(f'must be a finite number {limits}, got {text}')
        return value

    return parse


def device_name(text: str) -> str:
    """Argument type: a device that this machine has."""
    try:
        torch.empty(0, device=torch.device(text))
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ArgumentTypeError(f'{text!r} cannot be used: {reason}') from None
    return text

"""Run a tool in several processes, with one message where one of them fails.

    python tools/dist_run.py --nproc_per_node 8 tools/train.py CONFIG --launcher pytorch

Takes the arguments of ``torch.distributed.run`` (torchrun), which would follow the
message of a process by its own traceback and table. ``MMDET_PLUS_TRACEBACK=1`` brings
them back. It imports nothing but PyTorch, so that the processes start at once.
"""

import logging
import os
import signal
import sys
from collections.abc import Sequence

from torch.distributed import run as torch_run
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import (
    ChildFailedError,
    ProcessFailure,
)

TRACEBACK_VARIABLE = 'MMDET_PLUS_TRACEBACK'
RUN_TIME_ERROR, INTERRUPTED = 1, 130
# What processes die of when another has failed: the launcher ends them, or NCCL does.
CONSEQUENCES = (-signal.SIGTERM, -signal.SIGABRT)


def first_failure(error: ChildFailedError) -> tuple[int, ProcessFailure]:
    """Rank and failure of the process that failed first.

    Others lose their connection to one that is killed, and may be seen to fail in the
    same second: the killed one is meant.
    """
    rank, first = error.get_first_failure()
    for other, failure in error.failures.items():
        is_killed = failure.exitcode < 0 and failure.exitcode not in CONSEQUENCES
        if (
            is_killed
            and first.exitcode > 0
            and failure.timestamp <= first.timestamp + 1
        ):
            return other, failure
    return rank, first


def status_of(error: ChildFailedError) -> int:
    """The exit status of the process that failed first, told if a signal ended it."""
    rank, failure = first_failure(error)
    if failure.exitcode >= 0:
        return failure.exitcode
    try:
        name = signal.Signals(-failure.exitcode).name
    except ValueError:
        name = f'signal {-failure.exitcode}'
    hint = ', as when memory is short' * (name == 'SIGKILL')
    _report(f'process {rank} was ended by {name}{hint}')
    return 128 - failure.exitcode


def _report(message: str) -> None:
    print(f'error: {message}', file=sys.stderr, flush=True)


def _reason(error: Exception) -> str:
    text = ' '.join(str(error).split()) or type(error).__name__
    advice = '; give a free one by --master_port (PORT with the scripts)'
    hint = advice * ('EADDRINUSE' in text)
    return f'the processes cannot be started: {text}{hint}'


def _run(argv: Sequence[str] | None) -> None:
    args = torch_run.parse_args(argv)
    logging.getLogger('torch.distributed.elastic').setLevel(logging.CRITICAL)
    if torch_run.determine_local_world_size(args.nproc_per_node) > 1:
        for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
            os.environ.setdefault(name, '1')  # as torchrun and MMEngine do, but warn
    torch_run.run(args)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the processes; the exit status is that of the first that fails.

    Of a launcher that is ended by a signal it is 128 and the signal's number.
    """
    if os.environ.get(TRACEBACK_VARIABLE) == '1':
        torch_run.main(argv)
        return 0
    try:
        _run(argv)
    except ChildFailedError as error:
        return status_of(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except SignalException as error:
        return 128 + error.sigval
    except Exception as error:
        _report(_reason(error))
        return RUN_TIME_ERROR
    return 0


if __name__ == '__main__':
    sys.exit(main())

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
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

TRACEBACK_VARIABLE = 'MMDET_PLUS_TRACEBACK'
RUN_TIME_ERROR, INTERRUPTED = 1, 130


def status_of(error: ChildFailedError) -> int:
    """The exit status of the process that failed first, told if a signal ended it."""
    rank, failure = error.get_first_failure()
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
    hint = '; set the variable PORT to a free one' * ('EADDRINUSE' in text)
    return f'the processes cannot be started: {text}{hint}'


def main(argv: Sequence[str] | None = None) -> int:
    """Run the processes; the exit status is that of the first that fails."""
    if os.environ.get(TRACEBACK_VARIABLE) == '1':
        torch_run.main(argv)
        return 0
    for name in ('OMP_NUM_THREADS', 'MKL_NUM_THREADS'):
        os.environ.setdefault(name, '1')  # as torchrun and MMEngine do, with warnings
    args = torch_run.parse_args(argv)
    logging.getLogger('torch.distributed.elastic').setLevel(logging.CRITICAL)
    try:
        torch_run.run(args)
    except ChildFailedError as error:
        return status_of(error)
    except (KeyboardInterrupt, SignalException):
        return INTERRUPTED
    except Exception as error:
        _report(_reason(error))
        return RUN_TIME_ERROR
    return 0


if __name__ == '__main__':
    sys.exit(main())

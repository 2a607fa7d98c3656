"""One clear message instead of a traceback when a command line tool fails."""

import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import UserError

TRACEBACK_VARIABLE = 'MMDET_PLUS_TRACEBACK'
SHOW_TRACEBACK_HINT = f'set {TRACEBACK_VARIABLE}=1 to see where it was raised'
# Set by torchrun: a file of each process, in its own folder beside the others'.
ERROR_FILE_VARIABLE = 'TORCHELASTIC_ERROR_FILE'
LAUNCHER_FLAG = '--launcher=pytorch'
USER_ERROR, RUN_TIME_ERROR, INTERRUPTED = 2, 1, 130

REMEDIES = {
    'Expected more than 1 value per channel': (
        ': batch norm cannot learn from a batch of one image whose map there is one '
        'cell; resize images to more pixels, set train_dataloader.batch_size to 2 or '
        'more and train_dataloader.drop_last=True, or norm_eval=True in that part'
    ),
}


def run_tool(
    tool: Callable[[Sequence[str] | None], None], argv: Sequence[str] | None
) -> int:
    """Run a tool and turn what it raises into a message and an exit status.

    Args:
        tool: parses its arguments and does the work.
        argv: the arguments without the program's name; None means ``sys.argv``.

    Returns:
        0 on success, 1 for an error at run time, 2 for one in the arguments, the
        config or the data, 130 when interrupted from the keyboard.
    """
    try:
        tool(argv)
    except KeyboardInterrupt:
        return INTERRUPTED
    except UserError as error:
        _report(str(error), argv)
        return USER_ERROR
    except Exception as error:
        _report(message_of(error), argv)
        return RUN_TIME_ERROR
    return 0


def message_of(error: Exception) -> str:
    """Say what was raised; of an error inside a worker, what the worker raised.

    Args:
        error: any exception. ``DataLoader`` raises a worker's exception anew with
            the worker's whole traceback as its message.
    """
    lines = [line for line in str(error).splitlines() if line.strip()]
    if lines and 'DataLoader worker' in lines[0] and 'Caught' in lines[0]:
        message = lines[-1].strip()
    else:
        reason = (' '.join(lines) or _failed_line(error)) + _remedy(' '.join(lines))
        message = f'{type(error).__name__}: {reason}{_part_of_model(error)}'
    return f'{message} ({SHOW_TRACEBACK_HINT})'


def _remedy(reason: str) -> str:
    """What to do about an error of PyTorch that does not say it."""
    return next((text for words, text in REMEDIES.items() if words in reason), '')


def _part_of_model(error: Exception) -> str:
    """In which part of a model something was raised, such as a neck."""
    names: list[str] = []
    for frame, _ in traceback.walk_tb(error.__traceback__):
        owner = frame.f_locals.get('self')
        is_part = any(kind.__name__ == 'BaseModule' for kind in type(owner).__mro__)
        if is_part and type(owner).__name__ not in names:
            names.append(type(owner).__name__)
    return f' (in {" > ".join(names)})' if names else ''


def _failed_line(error: Exception) -> str:
    frames = traceback.extract_tb(error.__traceback__)
    return f'{frames[-1].filename}, line {frames[-1].lineno}' if frames else ''


def _report(message: str, argv: Sequence[str] | None) -> None:
    if os.environ.get(TRACEBACK_VARIABLE) == '1':
        traceback.print_exc()
    elif _is_worker(argv) and not _is_first_to_fail():
        return
    sys.stdout.flush()
    print(f'error: {message}', file=sys.stderr, flush=True)


def _is_worker(argv: Sequence[str] | None) -> bool:
    """Whether torchrun started this tool itself, not only a process around it."""
    words = sys.argv[1:] if argv is None else argv
    return LAUNCHER_FLAG in '='.join(map(str, words))


def _is_first_to_fail() -> bool:
    """Whether no other process of the same launcher has told an error.

    What others find afterwards is the same, or comes of it, such as a lost connection.
    """
    own = os.environ.get(ERROR_FILE_VARIABLE)
    if not own:
        return True
    try:
        (Path(own).parent.parent / 'reported').touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:
        return True
    return True

"""How tools of ours are named in messages: by file in a clone, by command elsewhere."""

import sys
from pathlib import Path

# Tools of another name than their file has.
NAMES = {'image-demo': 'predict'}


def tool_command(file: str) -> str:
    """How to start another tool in the way in which this one was started.

    Args:
        file: of the tool below ``tools/``, such as ``check_data.py``.
    """
    started = Path(sys.argv[0])
    if started.suffix == '.py' and 'tools' in started.parts:
        depth = started.parts[::-1].index('tools')
        return f'python {[started, *started.parents][depth] / file}'
    return f'mmdet_plus {command_name(file)}'


def command_name(file: str) -> str:
    """The name of a tool after ``mmdet_plus``."""
    name = Path(file).stem.replace('_', '-')
    return NAMES.get(name, name)

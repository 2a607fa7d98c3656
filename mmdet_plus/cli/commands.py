"""One command for all tools: ``mmdet_plus TOOL ...``, installed or from a clone."""

import importlib.util
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

import mmdet

from ..errors import UserError
from ..tool_names import command_name
from ..zoo.index import index_root
from .config_loading import config_path
from .error_reporting import run_tool

# For those who change this package.
LEFT_OUT = ('dev', 'demo')


def own_tools() -> dict[str, Path]:
    """Our tools by the name of their command, those without a folder first."""
    return _tools(index_root() / 'tools', LEFT_OUT)


def host_tools() -> dict[str, Path]:
    """MMDetection's tools by name."""
    folder = Path(mmdet.__file__).parent / '.mim' / 'tools'
    return {name.replace('-', '_'): path for name, path in _tools(folder).items()}


def _tools(folder: Path, left_out: Sequence[str] = ()) -> dict[str, Path]:
    files = [*sorted(folder.glob('*.py')), *sorted(folder.glob('*/*.py'))]
    names: dict[str, Path] = {}
    for path in files:
        if path.parent.name not in left_out:
            names.setdefault(command_name(path.name), path)
    return names


def _run_own(path: Path, name: str, arguments: list[str]) -> None:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise UserError(f'{path} cannot be loaded')
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.argv = [name, *arguments]  # the name stands in the tool's messages
    sys.exit(module.main(arguments))


def _run_host(path: Path, arguments: list[str]) -> None:
    # Configs of ours are found wherever this runs.
    sys.argv = [str(path), *map(config_path, arguments)]
    # Tools may import files beside them.
    sys.path.insert(0, str(path.parent))
    runpy.run_path(str(path), run_name='__main__')


def _dispatch(argv: Sequence[str] | None) -> None:
    arguments = list(sys.argv[1:] if argv is None else argv)
    command, rest = (arguments[0], arguments[1:]) if arguments else ('--help', [])
    if command in ('-h', '--help'):
        print(_usage())
    elif command == 'host':
        name = rest[0] if rest else ''
        if name in ('', '-h', '--help'):
            print("MMDetection's own tools:\n  " + '\n  '.join(host_tools()))
            return
        _run_host(_chosen(name, host_tools()), rest[1:])
    else:
        _run_own(_chosen(command, own_tools()), f'mmdet_plus {command}', rest)


def _chosen(name: str, tools: dict[str, Path]) -> Path:
    if name not in tools:
        raise UserError(f'there is no tool {name!r}; there are {", ".join(tools)}')
    return tools[name]


def _usage() -> str:
    lines = ['usage: mmdet_plus TOOL ...', '', 'tools (--help after one tells more):']
    for name, path in own_tools().items():
        lines.append(f'  {name:<22}{_first_line(path)}')
    lines.append(f'  {"host TOOL":<22}a tool of MMDetection on our configs')
    return '\n'.join(lines)


def _first_line(path: Path) -> str:
    text = path.read_text(encoding='utf-8')
    _, quotes, rest = text.partition('"""')
    return rest.split('\n', 1)[0].removesuffix('"""') if quotes else ''


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; see ``run_tool`` for the exit status."""
    return run_tool(_dispatch, argv)

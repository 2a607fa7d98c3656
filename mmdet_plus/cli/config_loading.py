"""Reads a config file and puts the command line's wishes into it."""

import ast
import copy
import difflib
import inspect
import os
import os.path as osp
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from ..errors import UserError
from ..zoo.file_checks import WEIGHT_SUFFIXES
from ..zoo.index import index_root
from .arguments import is_first_process
from .data_roots import follow_data_root
from .error_reporting import SHOW_TRACEBACK_HINT
from .output_paths import check_folder
from .preflight.config_keys import EXTRA_KEYS, suggestion


def load_config(args: Namespace) -> Config:
    """Read the config and set options, launcher, data roots and work directory.

    Args:
        args: what ``command_line.add_shared_arguments`` defines, and ``config``.

    Raises:
        UserError: for a file or an option that cannot be used.
    """
    original = read_config(args.config)
    cfg = copy.deepcopy(original)
    apply_options(cfg, args.cfg_options)
    cfg.launcher = args.launcher
    for line in follow_data_root(cfg, original, args.cfg_options.keys()):
        if is_first_process(args.launcher):
            print(line)
    _set_work_dir(cfg, args)
    return cfg


def read_config(path: str) -> Config:
    """Read a config file, reporting what is wrong with it in one message.

    Args:
        path: of a file, or of one below the ``configs`` that this package brings.
    """
    path = config_path(path)
    if osp.isdir(path):
        raise UserError(f'config file {path} is a folder: name a file in it')
    if not osp.isfile(path):
        raise UserError(f'config file {path} does not exist{_neighbours(path)}')
    if path.endswith(WEIGHT_SUFFIXES):
        raise UserError(f'{path} is a checkpoint: the config file comes first')
    if path.endswith('.py'):
        _check_syntax(path)
    try:
        return Config.fromfile(path)
    except UserError as error:
        raise UserError(f'config file {path}: {error}') from error
    except RecursionError as error:
        raise UserError(f'config file {path}: its _base_ leads back to it') from error
    except Exception as error:
        raise UserError(
            f'config file {path} cannot be read: {type(error).__name__}: {error} '
            f'({SHOW_TRACEBACK_HINT})'
        ) from error


def config_path(path: str) -> str:
    """The path of a file that this package brings, unless there is one here."""
    shipped = str(index_root() / path)
    return shipped if not osp.isfile(path) and osp.isfile(shipped) else path


def apply_options(cfg: Config, options: Mapping[str, Any]) -> None:
    """Change the config in place.

    Args:
        cfg: the config as its file says.
        options: dotted keys, list elements by index, to values.

    Raises:
        UserError: for a top-level key nobody reads, an index past a list's end, or a
            path that goes through a value that has no keys.
    """
    for key in options:
        _check_top_level(cfg, key)
        _check_path(cfg, key)
    try:
        cfg.merge_from_dict(dict(options))
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise UserError(f'--cfg-options: {error}') from error


def _check_syntax(path: str) -> None:
    try:
        with open(path, encoding='utf-8') as file:
            text = file.read()
    except (OSError, ValueError) as error:
        raise UserError(f'config file {path} cannot be read: {error}') from error
    if '\0' in text:
        raise UserError(f'config file {path} is no text')
    try:
        ast.parse(text, path)
    except SyntaxError as error:
        line = (error.text or '').strip()
        raise UserError(
            f'config file {path}, line {error.lineno}: {error.msg}: {line}'
        ) from error


def _neighbours(path: str) -> str:
    folder, name = osp.split(path)
    if not osp.isdir(folder or '.'):
        return f'; there is no folder {folder}'
    close = difflib.get_close_matches(name, os.listdir(folder or '.'), n=3)
    return f'; in that folder there is {", ".join(close)}' if close else ''


def _set_work_dir(cfg: Config, args: Namespace) -> None:
    name = osp.splitext(osp.basename(args.config))[0]
    cfg.work_dir = args.work_dir or cfg.get('work_dir') or osp.join('work_dirs', name)
    check_folder(cfg.work_dir, 'the work directory')


def _check_top_level(cfg: Config, key: str) -> None:
    top = key.split('.')[0]
    known = {*cfg.keys(), *inspect.signature(Runner).parameters, *EXTRA_KEYS}
    if top not in known:
        hint = suggestion(top, known)
        raise UserError(f'--cfg-options: the config has no key {top!r}; {hint}')


def _check_path(cfg: Config, key: str) -> None:
    node: Any = cfg
    walked: list[str] = []
    for part in key.split('.'):
        if isinstance(node, list | tuple):
            node = _list_element(node, part, '.'.join(walked), key)
        elif isinstance(node, dict | Config):
            if part not in node:
                return
            node = node[part]
        else:
            raise UserError(
                f'--cfg-options: {key} cannot be set because '
                f'{".".join(walked)} is {node!r}, which has no keys'
            )
        walked.append(part)


def _list_element(node: Any, part: str, walked: str, key: str) -> Any:
    if isinstance(node, tuple):
        raise UserError(
            f'--cfg-options: {key} cannot be set because {walked} is a tuple; '
            f'set the whole of {walked}'
        )
    if not part.isdigit():
        raise UserError(
            f'--cfg-options: in {key}, {walked} is a list and needs an index from 0 '
            f'to {len(node) - 1}, got {part!r}'
        )
    if int(part) >= len(node):
        raise UserError(
            f'--cfg-options: in {key}, index {part} is out of range: {walked} has '
            f'{len(node)} elements'
        )
    return node[int(part)]

"""Reads a config file and puts the command line's wishes into it."""

import ast
import copy
import difflib
import os
import os.path as osp
from argparse import Namespace

from mmengine.config import Config

from .config_options import apply_options
from .data_roots import follow_data_root
from .error_reporting import SHOW_TRACEBACK_HINT, UserError
from .launch import is_first_process


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
    """Read a config file, reporting what is wrong with it in one message."""
    if not osp.isfile(path):
        raise UserError(f'config file {path} does not exist{_neighbours(path)}')
    if path.endswith('.py'):
        _check_syntax(path)
    try:
        return Config.fromfile(path)
    except Exception as error:
        raise UserError(
            f'config file {path} cannot be read: {type(error).__name__}: {error} '
            f'({SHOW_TRACEBACK_HINT})'
        ) from error


def _check_syntax(path: str) -> None:
    with open(path, encoding='utf-8') as file:
        text = file.read()
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
    if osp.exists(cfg.work_dir) and not osp.isdir(cfg.work_dir):
        raise UserError(f'the work directory {cfg.work_dir} is a file')

"""Puts ``--cfg-options`` into a config, refusing keys that cannot be meant."""

import difflib
import inspect
from collections.abc import Mapping
from typing import Any

from mmengine.config import Config
from mmengine.runner import Runner

from .error_reporting import UserError

# Read by the runner, its wrappers or the tools although no argument of the runner.
EXTRA_KEYS = (
    'activation_checkpointing',
    'compile',
    'custom_imports',
    'data_root',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
    'tta_model',
    'tta_pipeline',
)


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


def _check_top_level(cfg: Config, key: str) -> None:
    top = key.split('.')[0]
    known = {*cfg.keys(), *inspect.signature(Runner).parameters, *EXTRA_KEYS}
    if top in known:
        return
    close = difflib.get_close_matches(top, sorted(known), n=3)
    hint = f'did you mean {" or ".join(close)}?' if close else 'check its spelling'
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

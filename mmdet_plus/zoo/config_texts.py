"""Reads the config that a checkpoint carries as data, never as a program.

MMEngine writes the text of the config into its checkpoints, and where it uses that text
it runs it as Python.
"""

import ast
import re
import sys
from collections.abc import Iterator
from typing import Any

import mmdet.registry
import mmengine.registry
from mmengine.config import Config
from mmengine.registry import Registry

from ..errors import UserError

MAX_LENGTH = 1 << 20
# Where MMEngine keeps the text, newest place first.
PLACES = (('message_hub', 'runtime_info', 'cfg'), ('meta', 'cfg'), ('meta', 'config'))
SCOPES = ('mmengine', 'mmcv', 'mmdet', 'mmdet_plus')
# MMEngine imports what these keys name if it has dots.
KEYS_OF_TYPES = (
    'type',
    'collate_fn',
    'constructor',
    'runner_type',
    'worker_init_fn',
)
KEYS_OF_SCOPES = ('_scope_', 'default_scope')
DOTTED = re.compile(r'\w+(\.\w+)+')


class ConfigTextError(UserError):
    """A config text that holds more than settings."""


def config_of(checkpoint: dict[str, Any]) -> Config | None:
    """The config that a checkpoint carries, or None.

    Args:
        checkpoint: what was read from the file.

    Raises:
        ConfigTextError: as ``settings_of``.
    """
    for place in PLACES:
        text = _look_up(checkpoint, place)
        if isinstance(text, str):
            return Config(settings_of(text))
    return None


def remove_programs(checkpoint: dict[str, Any]) -> list[str]:
    """Take config texts that would run code out of a checkpoint, in place.

    Returns:
        For each of them where it was, and why it was taken out.
    """
    removed = []
    for place in PLACES:
        text = _look_up(checkpoint, place)
        if text is None:
            continue
        try:
            if not isinstance(text, str):
                raise ConfigTextError(f'it is a {type(text).__name__}')
            settings_of(text)
        except ConfigTextError as error:
            del _look_up(checkpoint, place[:-1])[place[-1]]
            removed.append(f'{".".join(place)}: {error}')
    return removed


def settings_of(text: str) -> dict[str, Any]:
    """Read assignments of plain values.

    Args:
        text: as ``Config.pretty_text`` writes it.

    Raises:
        ConfigTextError: the text computes, inherits, or imports; names the line.
    """
    if len(text) > MAX_LENGTH:
        raise ConfigTextError(f'it is longer than {MAX_LENGTH} characters')
    if '{{' in text:
        raise ConfigTextError('it has variables {{...}}, which MMEngine fills in')
    try:
        statements = ast.parse(text).body
        settings = dict(map(_assignment, statements))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ConfigTextError(f'it cannot be read: {type(error).__name__}') from None
    _check_settings(settings)
    return settings


def _look_up(node: Any, place: tuple[str, ...]) -> Any:
    for key in place:
        node = node.get(key) if isinstance(node, dict) else None
    return node


def _assignment(statement: ast.stmt) -> tuple[str, Any]:
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target = statement.targets[0]
        if isinstance(target, ast.Name):
            return target.id, _value(statement.value)
    raise _computes(statement)


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Dict) and None not in node.keys:
        keys = [_value(key) for key in node.keys if key is not None]
        return dict(zip(keys, map(_value, node.values), strict=True))
    if isinstance(node, ast.List | ast.Tuple):
        items = [_value(item) for item in node.elts]
        return items if isinstance(node, ast.List) else tuple(items)
    if isinstance(node, ast.Call):
        return _dict_call(node)
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError):
        raise _computes(node) from None


def _dict_call(node: ast.Call) -> dict[str, Any]:
    """``dict(key=value)``, and ``dict({...})``."""
    is_dict = isinstance(node.func, ast.Name) and node.func.id == 'dict'
    positional = [_value(arg) for arg in node.args] if is_dict else []
    named = {k.arg: k.value for k in node.keywords if k.arg is not None}
    plain = len(positional) < 2 and all(isinstance(p, dict) for p in positional)
    if not is_dict or not plain or len(named) < len(node.keywords):
        raise _computes(node)
    result = dict(positional[0]) if positional else {}
    result.update({key: _value(value) for key, value in named.items()})
    return result


def _computes(node: ast.stmt | ast.expr) -> ConfigTextError:
    source = ast.unparse(node)[:60]
    return ConfigTextError(f'line {node.lineno} is no plain value: {source}')


def _check_settings(settings: dict[str, Any]) -> None:
    for key, value in _items(settings):
        if key == '_base_':
            raise ConfigTextError(f'it inherits from the file {value}')
        if key == 'custom_imports':
            _check_imports(value)
        if key in KEYS_OF_TYPES and isinstance(value, str) and not _is_known(value):
            raise ConfigTextError(f'{key}={value!r} would import something')
        if key in KEYS_OF_SCOPES and value is not None and value not in SCOPES:
            raise ConfigTextError(f'{key}={value!r} would import something')


def _check_imports(value: Any) -> None:
    """What is imported already runs no code when it is imported again."""
    names = value.get('imports') if isinstance(value, dict) else value
    names = [names] if isinstance(names, str) else names or []
    unknown = [name for name in names if name not in sys.modules]
    if unknown:
        raise ConfigTextError(
            f'it imports {", ".join(map(str, unknown))}: import that first if you '
            'trust it'
        )


def _is_known(name: str) -> bool:
    if not DOTTED.fullmatch(name):
        return '.' not in name
    scope, _, plain = name.partition('.')
    return scope in SCOPES and any(plain in r.module_dict for r in _registries())


def _registries() -> Iterator[Registry]:
    for module in (mmengine.registry, mmdet.registry):
        yield from (r for r in vars(module).values() if isinstance(r, Registry))


def _items(node: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from _items(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _items(value)

"""Finds misspelt names in a config: of keys, of types, and of arguments of types.

A name is refused where it is known that nobody reads it and something is spelt alike,
or where a class takes no such argument. The rest is left to whoever builds the part.
"""

import difflib
import inspect
from collections.abc import Collection, Iterator
from functools import cache
from importlib.util import find_spec
from typing import Any

import mmcv.ops
import mmdet.registry
import mmengine.registry
from mmengine.config import Config
from mmengine.registry import Registry
from mmengine.runner import Runner
from torch.utils.data import DataLoader

from ...errors import UserError
from .dataset_configs import LOADERS

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
# What builders take out of a config before they call the type.
BUILDER_KEYS = {
    'type',
    '_scope_',
    '_delete_',
    'bg_cls_weight',
    'by_epoch',
    'constructor',
    'convert_to_iter_based',
    'default_args',
    'init_cfg',
    'requires_grad',
    'paramwise_cfg',
    'priority',
}
LOADER_KEYS = {'dataset', 'num_batch_per_epoch', 'type'}
# Sections of `model.train_cfg` and `model.test_cfg` are read key by key.
SECTION_KEYS = (
    'allowed_border',
    'assigner',
    'debug',
    'iou_threshold',
    'mask_size',
    'mask_thr_binary',
    'max_per_image',
    'max_per_img',
    'min_bbox_size',
    'neg_iou_thr',
    'nms',
    'nms_across_levels',
    'nms_pre',
    'pos_weight',
    'rcnn',
    'rpn',
    'rpn_proposal',
    'sampler',
    'score_thr',
)
# Whoever reads these takes some keys out before the type is called.
SHARED_SETTINGS = ('_cfg', 'dcn', 'plugins', 'nms')
OWN_KINDS = ('_trans', '_lateral')
SECTIONS = ('train_cfg', 'test_cfg')
SURE, LIKELY, ALIKE = 0.9, 0.85, 0.75


def check_names(cfg: Config) -> None:
    """Raise ``UserError`` for the first misspelt name of a config.

    Args:
        cfg: the whole config; not changed.
    """
    known = {*inspect.signature(Runner).parameters, *EXTRA_KEYS}
    for key in cfg:
        _refuse_if_alike(key, known, '', SURE)
    for loader in LOADERS:
        allowed = {*inspect.signature(DataLoader).parameters, *LOADER_KEYS}
        for key in cfg.get(loader) or {}:
            if key not in allowed:
                raise _unknown(key, allowed, f'in {loader} of the config')
    for name in SECTIONS:
        _check_section((cfg.get('model') or {}).get(name), f'model.{name}')
    for key, value in cfg.items():
        if key in known:
            for where, node in typed_parts(value, key):
                if isinstance(node['type'], str):
                    _check_typed(where, node)


def unregistered(where: str, name: str) -> UserError:
    """The error for a type that nobody registered.

    Args:
        where: its settings stand in the config.
        name: what the type is called there.
    """
    other = _other_case(name.rpartition('.')[2])
    hint = f'did you mean {other}?' if other else suggestion(name, _registered())
    return UserError(f'{where}.type: nothing is registered as {name!r}; {hint}')


def is_scope(name: str) -> bool:
    """Whether something is registered in a scope, or may be once it is imported."""
    registries = [
        r for r in vars(mmengine.registry).values() if isinstance(r, Registry)
    ]
    while registries:
        registry = registries.pop()
        if registry.scope == name:
            return True
        registries += registry.children.values()
    try:
        return find_spec(name) is not None
    except (ImportError, ValueError):
        return False


def _other_case(name: str) -> str | None:
    return {known.lower(): known for known in _registered()}.get(name.lower())


def _is_alike(name: str, known: Collection[str]) -> bool:
    return bool(difflib.get_close_matches(name, known, 1, ALIKE))


def suggestion(name: str, known: Collection[str]) -> str:
    """What to say of a name that is not known: names alike, or to check it."""
    close = difflib.get_close_matches(name, sorted(known), n=3, cutoff=ALIKE)
    return f'did you mean {" or ".join(close)}?' if close else 'check its spelling'


def _check_section(node: Any, where: str) -> None:
    if isinstance(node, list | tuple):
        for index, item in enumerate(node):
            _check_section(item, f'{where}.{index}')
    if isinstance(node, dict) and 'type' not in node:
        for key, value in node.items():
            _refuse_if_alike(key, SECTION_KEYS, f'in {where} ', LIKELY)
            _check_section(value, f'{where}.{key}')


def _refuse_if_alike(
    name: Any, known: Collection[str], where: str, cutoff: float
) -> None:
    # A name with an underscore before it is the config's own.
    is_name = isinstance(name, str) and name not in known and name[:1] != '_'
    if is_name and difflib.get_close_matches(name, known, n=1, cutoff=cutoff):
        raise _unknown(name, known, f'{where}of the config'.strip())


def _unknown(name: str, known: Collection[str], where: str) -> UserError:
    return UserError(
        f'nobody reads the key {name!r} {where}; {suggestion(name, known)}'
    )


def typed_parts(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every dict with a type, and where it stands.

    Args:
        node: any part of a config.
        where: it stands.
    """
    if isinstance(node, dict):
        if 'type' in node:
            yield where, node
        for key, value in node.items():
            yield from typed_parts(value, f'{where}.{key}')
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from typed_parts(value, f'{where}.{index}')


def _check_typed(where: str, node: dict) -> None:
    name = node['type'].rpartition('.')[2]
    candidates = _registered().get(name)
    if candidates is None:
        # FPG has kinds of its own for the ways between its levels.
        is_plain = '.' not in node['type'] and not where.endswith(OWN_KINDS)
        if is_plain and (_other_case(name) or _is_alike(name, _registered())):
            raise unregistered(where, name)
        return
    parts = [part for part in where.split('.')[1:] if part not in SECTIONS]
    is_shared = any(part.endswith(SHARED_SETTINGS) for part in parts)
    signatures = [_arguments(candidate) for candidate in candidates]
    for key in node.keys() - BUILDER_KEYS:
        if any(
            _takes(key, names, is_open or is_shared) for names, is_open in signatures
        ):
            continue
        known = BUILDER_KEYS.union(*(names for names, _ in signatures))
        raise UserError(
            f'{where}.{key}: {name} takes no such argument; {suggestion(key, known)}'
        )


def _takes(key: str, names: Collection[str], is_open: bool) -> bool:
    if key in names:
        return True
    known = {*names, *BUILDER_KEYS}
    return is_open and not difflib.get_close_matches(key, known, 1, LIKELY)


@cache
def _registered() -> dict[str, list[Any]]:
    """Everything registered, by name; a name may stand in several registries."""
    found: dict[str, list[Any]] = {}
    for module in (mmengine.registry, mmdet.registry):
        for registry in vars(module).values():
            if isinstance(registry, Registry):
                registry.import_from_location()
                for name, item in registry.module_dict.items():
                    found.setdefault(name, []).append(item)
    # RoI layers and kinds of suppression are found there by name.
    for name, item in vars(mmcv.ops).items():
        if callable(item):
            found.setdefault(name, []).append(item)
    return found


@cache
def _arguments(item: Any) -> tuple[frozenset[str], bool]:
    """Names of arguments, and whether there may be others.

    What a class passes on with ``**kwargs`` mostly goes to one that it inherits.
    """
    names: set[str] = set()
    is_open = False
    steps = inspect.getmro(item) if inspect.isclass(item) else (item,)
    for step in steps:
        function = vars(step).get('__init__') if inspect.isclass(step) else step
        if function is None or step is object:
            continue
        try:
            parameters = inspect.signature(function).parameters.values()
        except (TypeError, ValueError):
            return frozenset(names), True
        names |= {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}
        names.update(_older_names(function))
        if not any(p.kind is p.VAR_KEYWORD for p in parameters):
            break
        is_open = True
    return frozenset(names - {'self'}), is_open


def _older_names(function: Any) -> Collection[str]:
    """Names that MMEngine's ``deprecated_api_warning`` still takes for arguments."""
    code = getattr(function, '__code__', None)
    cells = getattr(function, '__closure__', None) or ()
    held = dict(zip(getattr(code, 'co_freevars', ()), cells, strict=False))
    names = held['name_dict'].cell_contents if 'name_dict' in held else None
    return names if isinstance(names, dict) else ()

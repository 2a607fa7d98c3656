"""Lets validation and test data follow when training is pointed at other data."""

import os.path as osp
from collections.abc import Collection, Iterator

from mmengine.config import Config

from .preflight.dataset_configs import (
    EVALUATORS,
    LOADERS,
    iter_datasets,
    iter_evaluators,
)


def follow_data_root(
    cfg: Config, original: Config, option_keys: Collection[str]
) -> list[str]:
    """Move paths that were left behind under a data root that does not exist.

    A dataset's ``data_root`` that an option replaced names a move from the old root to
    the new one; so does the option ``data_root``, which alone would change nothing
    because a config's variables are inserted when it is read. Everything below an old
    root that is not on disk moves, unless an option set it.

    Args:
        cfg: the config with the options applied; changed in place.
        original: the config as its file says.
        option_keys: keys given as options.

    Returns:
        One line per move, saying what moved.
    """
    lines = []
    for old, new in _moves(cfg, original, option_keys).items():
        moved = [
            f'{key}.{name}'
            for key, node in _nodes(cfg)
            for name in ('data_root', 'ann_file')
            if f'{key}.{name}' not in option_keys and _move(node, name, old, new)
        ]
        if moved:
            lines.append(f'{old} does not exist; moved to {new}: {", ".join(moved)}')
    return lines


def _moves(
    cfg: Config, original: Config, option_keys: Collection[str]
) -> dict[str, str]:
    moves: dict[str, str] = {}
    if 'data_root' in option_keys and original.get('data_root'):
        moves[original.data_root] = str(cfg.data_root)
    for loader in LOADERS:
        after = dict(iter_datasets(cfg, loader))
        for key, config in iter_datasets(original, loader):
            old = config.get('data_root')
            new = after.get(key, {}).get('data_root')
            if old and new and old != new:
                moves.setdefault(old, new)
    return {old: new for old, new in moves.items() if not osp.exists(old)}


def _nodes(cfg: Config) -> Iterator[tuple[str, dict]]:
    for loader in LOADERS:
        yield from iter_datasets(cfg, loader)
    for evaluator in EVALUATORS:
        yield from iter_evaluators(cfg, evaluator)


def _move(node: dict, name: str, old: str, new: str) -> bool:
    path = node.get(name)
    if not isinstance(path, str) or not _is_under(path, old) or _is_under(path, new):
        return False
    rest = osp.relpath(path, old)
    node[name] = new if rest == '.' else osp.join(new, rest)
    return True


def _is_under(path: str, root: str) -> bool:
    path, root = osp.normpath(path), osp.normpath(root)
    return path == root or path.startswith(root + osp.sep)

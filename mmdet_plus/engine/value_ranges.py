"""Checks numbers in a config that would fail late or train on nothing."""

import math
from collections.abc import Callable
from typing import Any

from mmengine.config import Config

from .dataset_configs import LOADERS
from .error_reporting import UserError

Check = tuple[Callable[[Any], bool], str]


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return (_is_integer(value) or isinstance(value, float)) and math.isfinite(value)


POSITIVE: Check = (lambda value: _is_integer(value) and value > 0, 'an integer above 0')
COUNT: Check = (lambda value: _is_integer(value) and value >= 0, 'an integer >= 0')
RATE: Check = (lambda value: _is_finite(value) and value >= 0, 'a finite number >= 0')

CHECKS = {
    **{f'{loader}.batch_size': POSITIVE for loader in LOADERS},
    **{f'{loader}.num_workers': COUNT for loader in LOADERS},
    'train_cfg.max_epochs': POSITIVE,
    'train_cfg.max_iters': POSITIVE,
    'train_cfg.val_interval': POSITIVE,
    'optim_wrapper.optimizer.lr': RATE,
    'optim_wrapper.optimizer.weight_decay': RATE,
    'optim_wrapper.accumulative_counts': POSITIVE,
    'auto_scale_lr.base_batch_size': POSITIVE,
    'randomness.seed': COUNT,
}


def check_values(cfg: Config) -> None:
    """Raise ``UserError`` for the first number of the config that is out of range."""
    for key, (is_valid, wanted) in CHECKS.items():
        value = _look_up(cfg, key)
        if value is not None and not is_valid(value):
            raise UserError(f'{key} must be {wanted}, got {value!r}')
    for loader in LOADERS:
        settings = cfg.get(loader) or {}
        if settings.get('persistent_workers') and settings.get('num_workers') == 0:
            raise UserError(
                f'{loader}.num_workers=0 leaves no workers to persist; '
                f'set {loader}.persistent_workers=False too'
            )


def _look_up(cfg: Config, key: str) -> Any:
    node: Any = cfg
    for part in key.split('.'):
        node = node.get(part) if isinstance(node, dict | Config) else None
    return node

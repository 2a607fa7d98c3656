"""Finds what is wrong with a config's data, classes, numbers and files beforehand."""

import math
import os.path as osp
import sys
from collections.abc import Callable
from typing import Any

from mmdet.registry import HOOKS
from mmengine.config import Config

from ...errors import UserError
from ...zoo.file_checks import check_checkpoint
from .classes import check_class_names, check_same_classes
from .config_keys import SECTIONS, check_names, is_scope, typed_parts, unregistered
from .dataset_configs import (
    LOADERS,
    DatasetConfig,
    Needs,
    check_annotation_file,
    iter_evaluators,
    needed_datasets,
    path_advice,
    registered_class,
)
from .formats import FORMATS, folder
from .model_parts import (
    check_class_counts,
    iter_class_counts,
    iter_initial_weights,
    iter_needed_checkpoints,
    iter_parts,
)
from .pipelines import check_pipeline, numbers_of
from .trial_build import check_buildable

Check = tuple[Callable[[Any], bool], str]


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_finite(value: Any) -> bool:
    return (_is_integer(value) or isinstance(value, float)) and math.isfinite(value)


POSITIVE: Check = (lambda value: _is_integer(value) and value > 0, 'an integer above 0')
# MMDetection has an interval that is a quotient, such as 57300.0.
WHOLE: Check = (
    lambda value: _is_finite(value) and value > 0 and value == int(value),
    'a whole number above 0',
)
COUNT: Check = (lambda value: _is_integer(value) and value >= 0, 'an integer >= 0')
INTERVAL: Check = (
    lambda value: _is_integer(value) and (value > 0 or value == -1),
    'an integer above 0, or -1 for never',
)
SHARE: Check = (lambda value: _is_finite(value) and 0 <= value <= 1, 'in 0..1')
NUMBER: Check = (_is_finite, 'a finite number')
INTEGER: Check = (_is_integer, 'an integer')
# An overlap, or the two between which objects are left alone.
OVERLAP: Check = (
    lambda value: all(
        _is_finite(v) and 0 <= v <= 1
        for v in (value if isinstance(value, list | tuple) else [value])
    ),
    'in 0..1',
)
ABOVE_0: Check = (
    lambda value: isinstance(value, int | float) and value > 0,
    'a number above 0',
)
SWITCH: Check = (
    lambda value: isinstance(value, int) and value in (0, 1),  # of which bool is one
    'True or False',
)
RATE: Check = (lambda value: _is_finite(value) and value >= 0, 'a finite number >= 0')

CHECKS = {
    **{f'{loader}.batch_size': POSITIVE for loader in LOADERS},
    **{f'{loader}.num_workers': COUNT for loader in LOADERS},
    'train_cfg.max_epochs': POSITIVE,
    'train_cfg.max_iters': POSITIVE,
    'train_cfg.val_interval': WHOLE,
    'optim_wrapper.optimizer.lr': RATE,
    'optim_wrapper.optimizer.weight_decay': RATE,
    'optim_wrapper.accumulative_counts': POSITIVE,
    'auto_scale_lr.base_batch_size': POSITIVE,
    'default_hooks.checkpoint.interval': INTERVAL,
    'default_hooks.logger.interval': POSITIVE,
    'randomness.seed': COUNT,
    'randomness.deterministic': SWITCH,
    'resume': SWITCH,
    'optim_wrapper.clip_grad.max_norm': ABOVE_0,
    'model.data_preprocessor.pad_size_divisor': POSITIVE,
}
# Wherever they stand in `model.test_cfg` and `model.train_cfg`.
SETTINGS = {
    'iou_threshold': SHARE,
    'score_thr': NUMBER,
    'max_per_img': INTEGER,
    'nms_pre': INTEGER,
    'pos_fraction': SHARE,
    'pos_iou_thr': OVERLAP,
    'neg_iou_thr': OVERLAP,
}
ANCHOR_SIZES = ('scales', 'ratios', 'strides', 'octave_base_scale')


def check_before_training(cfg: Config) -> list[str]:
    """Check what training and validation need.

    A hook of ``custom_hooks`` whose class has ``check_before_training(cfg)`` is asked.

    Args:
        cfg: the whole config; not changed.

    Returns:
        Warnings about classes.

    Raises:
        UserError: for the first thing that would stop the run or train on nothing.
    """
    _check_keys(cfg, ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'))
    check_values(cfg)
    check_names(cfg)
    counts = dict(iter_class_counts(cfg.model))
    needed = list(iter_needed_checkpoints(cfg.model))
    loaders = dict(train_dataloader=None, val_dataloader='val_evaluator')
    warnings = _check_data(cfg, loaders, counts)
    if cfg.get('load_from'):
        check_checkpoint(cfg.load_from)
    for key, path, advice in [*needed, *iter_initial_weights(cfg.model)]:
        _check_needed_checkpoint(key, path, advice)
    check_buildable(cfg, loaders)
    for hook in cfg.get('custom_hooks') or ():
        kind = registered_class(HOOKS, hook.get('type'))
        check = getattr(kind, 'check_before_training', None)
        if check is not None:
            check(cfg)
    return warnings


def check_before_test(cfg: Config) -> list[str]:
    """Check what a test needs; see ``check_before_training``."""
    _check_keys(cfg, ('model', 'test_dataloader', 'test_cfg', 'test_evaluator'))
    check_values(cfg)
    check_names(cfg)
    check_checkpoint(cfg.load_from)
    counts = dict(iter_class_counts(cfg.model))
    loaders: dict[str, str | None] = dict(test_dataloader='test_evaluator')
    warnings = _check_data(cfg, loaders, counts)
    check_buildable(cfg, loaders)
    return warnings


def check_test_data(cfg: Config) -> list[str]:
    """Check what a tool needs that reads the test data itself; see above."""
    _check_keys(cfg, ('model', 'test_dataloader'))
    counts = dict(iter_class_counts(cfg.model))
    return _check_data(cfg, dict(test_dataloader=None), counts)


def print_warnings(lines: list[str]) -> None:
    """Print warnings to stderr."""
    for line in lines:
        print(f'warning: {line}', file=sys.stderr)


def _check_needed_checkpoint(key: str, path: str, advice: str) -> None:
    try:
        check_checkpoint(path)
    except UserError as error:
        raise UserError(f'{key}: {error}; {advice}') from error


def check_values(cfg: Config) -> None:
    """Raise ``UserError`` for the first number of the config that is out of range."""
    for key, (is_valid, wanted) in CHECKS.items():
        value = _look_up(cfg, key)
        if value is not None and not is_valid(value):
            raise UserError(f'{key} must be {wanted}, got {value!r}')
    for name in SECTIONS:
        _check_settings((cfg.get('model') or {}).get(name), f'model.{name}')
    for key, part in iter_parts(cfg.get('model') or {}):
        count = part.get('num_classes')
        if count is not None and not _is_integer(count):
            raise UserError(f'{key}.num_classes must be an integer, got {count!r}')
    _check_anchors(cfg.get('model') or {})
    _check_forms(cfg)
    for loader in LOADERS:
        settings = cfg.get(loader) or {}
        if settings.get('persistent_workers') and settings.get('num_workers') == 0:
            raise UserError(
                f'{loader}.num_workers=0 leaves no workers to persist; '
                f'set {loader}.persistent_workers=False too'
            )


def _check_anchors(model: dict) -> None:
    for where, part in typed_parts(model, 'model'):
        for key in ANCHOR_SIZES if where.endswith('anchor_generator') else ():
            if any(not value > 0 for value in numbers_of(part.get(key))):
                raise UserError(f'{where}.{key} must be above 0, got {part[key]!r}')


def _check_forms(cfg: Config) -> None:
    """Parts that are of no kind that the runner can read."""
    hooks = cfg.get('custom_hooks') or []
    if not isinstance(hooks, list | tuple) or not all(map(_is_typed, hooks)):
        raise UserError(f'custom_hooks must be a list of dicts with a type: {hooks!r}')
    scope = cfg.get('default_scope')
    if scope and not is_scope(str(scope)):
        raise UserError(f'default_scope: there is no package {scope!r}; use mmdet')


def _is_typed(node: Any) -> bool:
    return not isinstance(node, int | float | str) and node is not None


def _check_settings(node: Any, where: str) -> None:
    for key, value in node.items() if isinstance(node, dict) else ():
        is_valid, wanted = SETTINGS.get(key, (None, ''))
        if is_valid and value is not None and not is_valid(value):
            raise UserError(f'{where}.{key} must be {wanted}, got {value!r}')
        _check_settings(value, f'{where}.{key}')
    for index, item in enumerate(node if isinstance(node, list) else ()):
        _check_settings(item, f'{where}.{index}')


def _look_up(cfg: Config, key: str) -> Any:
    node: Any = cfg
    for part in key.split('.'):
        node = node.get(part) if isinstance(node, dict | Config) else None
    return node


def _check_keys(cfg: Config, names: tuple[str, ...]) -> None:
    missing = [name for name in names if cfg.get(name) is None]
    if missing:
        raise UserError(f'the config has no {", ".join(missing)}')


def _check_data(
    cfg: Config, loaders: dict[str, str | None], counts: dict[str, int]
) -> list[str]:
    datasets = list(needed_datasets(cfg, loaders, [*counts]))
    metrics = [m for name in loaders.values() for m in iter_evaluators(cfg, name)]
    warnings = []
    classes = {}
    for dataset, needs in datasets:
        warnings += _check_dataset(dataset, needs)
        if folder.reads(dataset):
            classes[dataset.key] = dataset.classes or folder.classes_of_data(dataset)
    check_same_classes(classes)
    for dataset, _ in datasets:
        names = classes.get(dataset.key, dataset.classes)
        if isinstance(names, tuple) and not dataset.is_panoptic:
            check_class_counts(counts, len(names), dataset.key)
    for key, metric in metrics:
        check_annotation_file(key, metric)
    return warnings


def _check_dataset(dataset: DatasetConfig, needs: Needs) -> list[str]:
    for name in ('ann_file', 'data_root'):
        value = dataset.config.get(name)
        if value is not None and not isinstance(value, str):
            raise UserError(f'{dataset.key}.{name} must be a path, got {value!r}')
    name = str(dataset.config.get('type'))
    if dataset.dataset_class is None:
        raise unregistered(dataset.key, name)
    if dataset.config.get('indices') in (0, [], ()):
        raise UserError(f'{dataset.key}.indices leaves no image')
    if dataset.ann_file is not None and not osp.isfile(dataset.ann_file):
        is_folder = osp.isdir(dataset.ann_file)
        raise UserError(
            f'{dataset.key}: annotation file {dataset.ann_file} '
            f'{"is a folder" if is_folder else "does not exist"}; '
            f'{path_advice(dataset.key, "data_root", "ann_file")}'
        )
    if dataset.image_folder is not None and not osp.isdir(dataset.image_folder or '.'):
        raise UserError(
            f'{dataset.key}: image folder {dataset.image_folder} does not exist; '
            f'{path_advice(dataset.key, "data_root", "data_prefix.img")}'
        )
    check_pipeline(dataset.config.get('pipeline') or (), f'{dataset.key}.pipeline')
    _check_class_tuple(dataset)
    for data_format in FORMATS:
        if data_format.reads(dataset):
            return data_format.check(dataset, needs)
    return []


def _check_class_tuple(dataset: DatasetConfig) -> None:
    names = dataset.classes
    if isinstance(names, str) and not osp.isfile(names):
        raise UserError(
            f'{dataset.key}.metainfo.classes must be a tuple of names, got the text '
            f'{names!r}; for one class write ({names!r},)'
        )
    check_class_names(dataset.key, dataset.config, names)

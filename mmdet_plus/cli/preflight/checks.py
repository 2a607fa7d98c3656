"""Finds what is wrong with a config's data, classes, numbers and files beforehand."""

import math
import os.path as osp
import sys
from collections.abc import Callable
from typing import Any

from mmdet.datasets import CocoDataset, CocoPanopticDataset
from mmengine.config import Config

from ...errors import UserError
from ...zoo.index import SCHEME, find_entry, published_file
from ...zoo.safe_loading import check_checkpoint_file
from .classes import check_class_counts, iter_class_counts
from .dataset_configs import LOADERS, DatasetConfig, iter_datasets, iter_evaluators
from .formats.coco import CocoSummary, check_classes, summarise_coco
from .formats.voc import check_voc

VALIDATION_OFF = 'val_dataloader=None val_cfg=None val_evaluator=None'

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


def check_before_training(cfg: Config) -> list[str]:
    """Check what training and validation need.

    Args:
        cfg: the whole config; not changed.

    Returns:
        Warnings about classes.

    Raises:
        UserError: for the first thing that would stop the run or train on nothing.
    """
    _check_keys(cfg, ('model', 'train_dataloader', 'train_cfg', 'optim_wrapper'))
    check_values(cfg)
    if cfg.get('load_from'):
        check_checkpoint(cfg.load_from)
    _check_detector_checkpoint(cfg)
    warnings = _check_loader(cfg, 'train_dataloader', None)
    if cfg.get('val_dataloader') is not None:
        warnings += _check_loader(cfg, 'val_dataloader', 'val_evaluator')
    return warnings


def check_before_test(cfg: Config) -> list[str]:
    """Check what a test needs; see ``check_before_training``."""
    _check_keys(cfg, ('model', 'test_dataloader', 'test_cfg', 'test_evaluator'))
    check_values(cfg)
    check_checkpoint(cfg.load_from)
    return _check_loader(cfg, 'test_dataloader', 'test_evaluator')


def check_test_data(cfg: Config) -> list[str]:
    """Check what a tool needs that reads the test data itself; see above."""
    _check_keys(cfg, ('model', 'test_dataloader'))
    return _check_loader(cfg, 'test_dataloader', None)


def print_warnings(lines: list[str]) -> None:
    """Print warnings to stderr."""
    for line in lines:
        print(f'warning: {line}', file=sys.stderr)


def check_checkpoint(path: str) -> None:
    """Raise ``UserError`` unless a local path is a file that PyTorch wrote.

    Args:
        path: a path; ``zoo://NAME`` must name a model of the zoo with weights, anything
            else with ``://`` and ``.safetensors`` files are left to the loader.
    """
    if path.startswith(SCHEME):
        published_file(find_entry(path.removeprefix(SCHEME)))
    if '://' in path:
        return
    if not osp.isfile(path):
        raise UserError(f'checkpoint {path} does not exist')
    if path.endswith('.safetensors'):
        return
    check_checkpoint_file(path)


def _check_detector_checkpoint(cfg: Config) -> None:
    """Check the trained detector of ``FrozenBaseDCR``."""
    key = 'model.detector_checkpoint'
    path = _look_up(cfg, key)
    if not path:
        return
    try:
        check_checkpoint(path)
    except UserError as error:
        raise UserError(
            f'{key}: {error}; train the detector first, or set {key} with '
            '--cfg-options. A training that is resumed has the detector in its own '
            f'checkpoint: --cfg-options {key}=None'
        ) from error


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


def _check_keys(cfg: Config, names: tuple[str, ...]) -> None:
    missing = [name for name in names if cfg.get(name) is None]
    if missing:
        raise UserError(f'the config has no {", ".join(missing)}')


def _check_loader(cfg: Config, loader: str, evaluator: str | None) -> list[str]:
    metrics = list(iter_evaluators(cfg, evaluator)) if evaluator else []
    only_formats = any(metric.get('format_only') for _, metric in metrics)
    warnings = []
    for dataset in iter_datasets(cfg, loader):
        if dataset.is_local:
            warnings += _check_dataset(cfg, dataset, needs_truth=not only_formats)
    for key, metric in metrics:
        path = metric.get('ann_file') or ''
        is_local = '://' not in path and metric.get('backend_args') is None
        if path and is_local and not osp.isfile(path):
            raise UserError(
                f'{key}: annotation file {path} does not exist; '
                f'{_path_advice(key, "ann_file")}'
            )
    return warnings


def _check_dataset(
    cfg: Config, dataset: DatasetConfig, *, needs_truth: bool
) -> list[str]:
    if dataset.ann_file is not None and not osp.isfile(dataset.ann_file):
        raise UserError(
            f'{dataset.key}: annotation file {dataset.ann_file} does not exist; '
            f'{_path_advice(dataset.key, "data_root", "ann_file")}'
        )
    if dataset.image_folder is not None and not osp.isdir(dataset.image_folder or '.'):
        raise UserError(
            f'{dataset.key}: image folder {dataset.image_folder} does not exist; '
            f'{_path_advice(dataset.key, "data_root", "data_prefix.img")}'
        )
    _check_class_tuple(dataset)
    kind = dataset.dataset_class or object
    is_panoptic = issubclass(kind, CocoPanopticDataset)
    warnings = []
    if issubclass(kind, CocoDataset) and dataset.ann_file:
        summary = summarise_coco(
            dataset.ann_file, needs_annotations=needs_truth, has_boxes=not is_panoptic
        )
        warnings = _check_coco(cfg, dataset, summary)
    elif dataset.ann_file:
        warnings = check_voc(
            dataset,
            [key for key, _ in iter_class_counts(cfg.model)],
            needs_objects=dataset.key.startswith('train'),
        )
    # Heads of panoptic models count things and stuff apart; a text names a file.
    if isinstance(dataset.classes, tuple) and not is_panoptic:
        check_class_counts(cfg.model, len(dataset.classes), dataset.key)
    return warnings


def _check_coco(cfg: Config, dataset: DatasetConfig, summary: CocoSummary) -> list[str]:
    for name in summary.image_names:
        path = osp.join(dataset.image_folder or '', name)
        if name and not osp.isfile(path):
            raise UserError(
                f'{dataset.key}: image {path}, listed in {summary.path}, does not '
                f'exist; {_path_advice(dataset.key, "data_prefix.img")}'
            )
    if dataset.key.startswith('train') and not summary.num_annotations:
        raise UserError(f'{dataset.key}: {summary.path} has no annotations')
    if not isinstance(dataset.classes, tuple):
        return []
    count_keys = [key for key, _ in iter_class_counts(cfg.model)]
    return check_classes(dataset.key, dataset.classes, summary, count_keys)


def _check_class_tuple(dataset: DatasetConfig) -> None:
    names = dataset.classes
    if isinstance(names, str) and not osp.isfile(names):
        raise UserError(
            f'{dataset.key}.metainfo.classes must be a tuple of names, got the text '
            f'{names!r}; for one class write ({names!r},)'
        )


def _path_advice(key: str, *names: str) -> str:
    options = ' or '.join(f'{key}.{name}' for name in names)
    if key.startswith('val_'):
        return (
            'set val_dataloader.dataset.data_root and val_evaluator.ann_file, or '
            f'switch validation off: --cfg-options {VALIDATION_OFF}'
        )
    return f'set {options} with --cfg-options'

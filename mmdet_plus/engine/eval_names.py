"""``--eval`` and ``--format-only``: what a test measures or writes."""

import inspect
import os.path as osp
from collections.abc import Iterator, Sequence
from typing import Any

from mmdet.evaluation import CocoMetric, LVISMetric, VOCMetric
from mmengine.config import Config

from .dataset_configs import iter_evaluators, metric_class
from .error_reporting import UserError

COCO_NAMES = ('bbox', 'segm', 'proposal', 'proposal_fast')
VOC_NAMES = ('mAP', 'recall')
MASK_TYPE_MARKS = ('Mask', 'Panoptic', 'SOLO', 'InsHead', 'InsSepBN')


def set_eval_names(cfg: Config, names: Sequence[str]) -> None:
    """Set what the test evaluator measures.

    Of several metrics in a list, each that knows all the names is set.

    Args:
        cfg: the whole config; changed in place.
        names: values of ``--eval``.

    Raises:
        UserError: for a name that no metric of the config knows, or ``segm`` when the
            model predicts no masks.
    """
    metrics = list(iter_evaluators(cfg, 'test_evaluator'))
    able = [item for item in metrics if set(names) <= set(valid_names(item[1]))]
    if not able:
        raise UserError(f'--eval {" ".join(names)}: {_explain(metrics)}')
    if 'segm' in names and not predicts_masks(cfg.model):
        raise UserError(
            '--eval segm: the model predicts no masks (it has no mask_head); '
            'use --eval bbox'
        )
    for _, metric in able:
        _set_metric(metric, list(dict.fromkeys(names)))


def valid_names(metric: dict) -> tuple[str, ...]:
    """The names that ``--eval`` may set for a metric's config; empty if none."""
    kind = metric_class(metric)
    if kind is not None and issubclass(kind, CocoMetric | LVISMetric):
        return COCO_NAMES
    return VOC_NAMES if kind is not None and issubclass(kind, VOCMetric) else ()


def predicts_masks(model: dict) -> bool:
    """Whether a model's config has a part that predicts instance masks."""
    return any(
        ('mask_head' in key and value is not None)
        or 'panoptic' in key
        or (key == 'type' and any(mark in str(value) for mark in MASK_TYPE_MARKS))
        for key, value in _iter_items(model)
    )


def set_format_only(cfg: Config) -> None:
    """Make the test write result files, by default into the work directory.

    Args:
        cfg: the whole config, with ``work_dir``; changed in place.

    Raises:
        UserError: if a metric cannot write files.
    """
    metrics = list(iter_evaluators(cfg, 'test_evaluator'))
    for key, metric in metrics:
        kind = metric_class(metric)
        if kind is None or 'format_only' not in inspect.signature(kind).parameters:
            raise UserError(
                f'--format-only: {key} ({metric.get("type")}) writes no result files; '
                'CocoMetric does'
            )
    for key, metric in metrics:
        metric['format_only'] = True
        index = key.rpartition('.')[2] if '.' in key else ''
        default = osp.join(cfg.work_dir, f'results{index}')
        metric['outfile_prefix'] = metric.get('outfile_prefix') or default


def _set_metric(metric: dict, names: list[str]) -> None:
    if valid_names(metric) == VOC_NAMES and len(names) > 1:
        raise UserError(
            f'--eval {" ".join(names)}: {metric["type"]} measures one at a time; '
            f'valid: {" or ".join(VOC_NAMES)}'
        )
    metric['metric'] = names if valid_names(metric) == COCO_NAMES else names[0]


def _explain(metrics: Sequence[tuple[str, dict]]) -> str:
    if not metrics:
        return 'the config has no test_evaluator'
    parts = []
    for key, metric in metrics:
        names = ', '.join(valid_names(metric)) or 'none, it does not support --eval'
        parts.append(f'{key} ({metric.get("type")}): {names}')
    return f'valid names are {"; ".join(parts)}'


def _iter_items(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from _iter_items(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _iter_items(value)

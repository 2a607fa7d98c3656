"""Builds the parts of a config once before a run, to see whether they can be."""

import contextlib
import copy
from collections.abc import Iterator
from typing import Any

import torch
from mmdet.evaluation import CocoMetric
from mmdet.registry import METRICS, MODELS, TRANSFORMS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from ...errors import UserError
from ..error_reporting import message_of
from .config_keys import typed_parts, unregistered
from .dataset_configs import iter_datasets, iter_evaluators, metric_class
from .trial_pass import check_fits

BUILDER = 'build_from_cfg'  # of MMEngine, in whose frames the settings are
MOST_SHOWN = 300  # characters of settings


def check_buildable(cfg: Config, loaders: dict[str, str | None]) -> None:
    """Raise ``UserError`` for the first part that cannot be built, and name it.

    The runner would find it after it has made its folders.

    Args:
        cfg: the whole config; not changed.
        loaders: names of data loaders, each with its evaluator or None.
    """
    init_default_scope(cfg.get('default_scope') or 'mmdet')
    model = _try(MODELS, cfg.model, 'model')
    if model is not None:
        check_fits(model)
    for loader, evaluator in loaders.items():
        for dataset in iter_datasets(cfg, loader):
            for index, step in enumerate(dataset.config.get('pipeline') or ()):
                _try(TRANSFORMS, step, f'{dataset.key}.pipeline.{index}')
        for key, metric in iter_evaluators(cfg, evaluator):
            if issubclass(metric_class(metric) or object, CocoMetric):
                # Its annotations have been read already.
                _try(METRICS, {**metric, 'ann_file': None}, key)


def _try(registry: Any, config: Any, key: str) -> Any:
    if not isinstance(config, dict):
        return None
    try:
        return _build(registry, config)
    except UserError:
        raise
    except Exception as error:
        settings = _innermost(error) or config
        where = next(_places(config, settings, key), key)
        if isinstance(error, KeyError) and 'registry' in str(error):
            raise unregistered(where, str(settings.get('type'))) from error
        raise UserError(
            f'{where}: {settings.get("type")} cannot be built with '
            f'{_shown(settings)}: {message_of(error)}'
        ) from error


def _build(registry: Any, config: dict[str, Any]) -> Any:
    # Without memory and time for weights, where the parts stand that.
    with contextlib.suppress(Exception), torch.device('meta'):
        return registry.build(copy.deepcopy(config))
    return registry.build(copy.deepcopy(config))


def _innermost(error: Exception) -> dict[str, Any] | None:
    """The settings of the part that raised, from the frames of the traceback."""
    found, trace = None, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_name == BUILDER:
            found = trace.tb_frame.f_locals.get('cfg')
        trace = trace.tb_next
    return found


def _places(node: Any, wanted: dict[str, Any], key: str) -> Iterator[str]:
    """Where parts of the type stand, those with its settings first."""
    parts = list(typed_parts(node, key))
    for where, part in parts:
        if all(wanted.get(name) == value for name, value in part.items()):
            yield where
    for where, part in parts:
        if part.get('type') == wanted.get('type'):
            yield where


def _shown(settings: dict[str, Any]) -> str:
    texts = [
        f'{name}={value!r}'
        for name, value in settings.items()
        if name[:1] != '_' and name != 'type' and not isinstance(value, dict)
    ]
    text = ', '.join(texts) or 'no settings'
    return text if len(text) <= MOST_SHOWN else f'{text[:MOST_SHOWN]}...'

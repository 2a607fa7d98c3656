"""What the parts of a model's config count and load."""

import inspect
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from typing import Any

from mmdet.models.dense_heads import MaskFormerHead, RTMDetInsHead
from mmdet.models.dense_heads.base_mask_head import BaseMaskHead
from mmdet.models.detectors.panoptic_two_stage_segmentor import (
    TwoStagePanopticSegmentor,
)
from mmdet.models.detectors.single_stage_instance_seg import (
    SingleStageInstanceSegmentor,
)
from mmdet.registry import MODELS

from ...errors import UserError
from .config_keys import typed_parts
from .dataset_configs import registered_class

# MMDetection's names for parts whose ``num_classes``, if any, is not the dataset's. Our
# classes name theirs in ``class_agnostic_parts``.
CLASS_AGNOSTIC_PARTS = ('rpn_head', 'semantic_head', 'backbone', 'data_preprocessor')

TORCHVISION = ('torchvision://', 'modelzoo://')  # begin names of its weights

# MMDetection's classes that predict masks without a ``mask_head``.
MASK_CLASSES = (
    BaseMaskHead,
    MaskFormerHead,
    RTMDetInsHead,
    SingleStageInstanceSegmentor,
    TwoStagePanopticSegmentor,
)


def iter_class_counts(model: dict) -> Iterator[tuple[str, int]]:
    """Yield where a model's config states a number of classes, and the number."""
    for key, part in iter_parts(model):
        count = part.get('num_classes')
        if isinstance(count, int):
            yield f'{key}.num_classes', count


def check_class_counts(
    counts: Mapping[str, int], num_classes: int, dataset_key: str
) -> None:
    """Raise ``UserError`` if a head counts other classes than the dataset has.

    Args:
        counts: what ``iter_class_counts`` yields.
        num_classes: how many classes the dataset has.
        dataset_key: where the dataset stands in the config.
    """
    wrong = {key: count for key, count in counts.items() if count != num_classes}
    if wrong:
        found = ', '.join(f'{key}={count}' for key, count in wrong.items())
        repair = ' '.join(f'{key}={num_classes}' for key in wrong)
        raise UserError(
            f'{dataset_key} has {num_classes} classes, but the model has {found}; '
            f'repair: --cfg-options {repair}'
        )


def predicts_masks(model: dict) -> bool:
    """Whether a model's config has a part that predicts instance masks."""
    return any(
        ('mask_head' in key and value is not None)
        or 'panoptic' in key
        or (key == 'type' and _is_mask_class(value))
        for key, value in _iter_items(model)
    )


def _is_mask_class(name: Any) -> bool:
    kind = registered_class(MODELS, name)
    return isinstance(kind, type) and issubclass(kind, MASK_CLASSES)


def _iter_items(node: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, value in node.items():
            yield key, value
            yield from _iter_items(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _iter_items(value)


def set_class_counts(model: dict, num_classes: int) -> None:
    """Let every part of a model's config count the same classes.

    Parts that state no number get one if their class takes it.

    Args:
        model: the model's config; changed in place.
        num_classes: how many classes the data have.

    Raises:
        UserError: for a model that reads its classes from text.
    """
    if model.get('language_model') is not None:
        raise UserError(
            f'{model.get("type")} reads its classes from text: set num_classes and '
            'prompts in the config'
        )
    for _, part in iter_parts(model):
        before = part.get('num_classes')
        kind = registered_class(MODELS, part.get('type'))
        if 'num_classes' in part or takes_argument(kind, 'num_classes'):
            part['num_classes'] = num_classes
        if part.get('num_stuff_classes') == 0:
            before = part.get('num_things_classes')
            part['num_things_classes'] = num_classes
        weights = (part.get('loss_cls') or {}).get('class_weight')
        if isinstance(weights, list | tuple) and len(weights) - 1 == before:
            part['loss_cls']['class_weight'] = [1.0] * num_classes + [weights[-1]]


def takes_argument(kind: type | None, argument: str) -> bool:
    """Whether a constructor has an argument, or hands it on to one above that has."""
    for parent in getattr(kind, '__mro__', ()):
        if '__init__' in vars(parent) and parent is not object:
            parameters = inspect.signature(parent.__init__).parameters
            if argument in parameters:
                return True
            if all(each.kind != each.VAR_KEYWORD for each in parameters.values()):
                return False
    return False


def iter_needed_checkpoints(model: dict) -> Iterator[tuple[str, str, str]]:
    """Yield the checkpoints that parts of a model load themselves.

    A class names them in ``checkpoints_needed(config)``.

    Returns:
        Key in the whole config, path or URL, and what to do if the file is missing.
    """
    for key, part in iter_parts(model):
        kind = registered_class(MODELS, part.get('type'))
        for name, advice in getattr(kind, 'checkpoints_needed', _none)(part).items():
            yield f'{key}.{name}', part[name], advice.format(key=f'{key}.{name}')


def iter_initial_weights(model: dict) -> Iterator[tuple[str, str, str]]:
    """Yield the checkpoints that ``init_cfg`` of any part names; see above.

    Raises:
        UserError: one is no path, or torchvision's, which is not installed.
    """
    for key, part in typed_parts(model, 'model'):
        owner, init_cfg, _ = key.rpartition('.init_cfg')
        if not init_cfg or part['type'] != 'Pretrained':
            continue
        path = part.get('checkpoint')
        advice = f'{owner}.init_cfg=None trains without these weights'
        if not isinstance(path, str):
            raise UserError(f'{key}.checkpoint must be a path, got {path!r}; {advice}')
        if path.startswith(TORCHVISION) and find_spec('torchvision') is None:
            raise UserError(
                f'{key}.checkpoint is {path}, but torchvision is not installed: give '
                f'the URL of the weights instead, or install it; {advice}'
            )
        yield f'{key}.checkpoint', path, advice


def iter_parts(node: dict, key: str = 'model') -> Iterator[tuple[str, dict]]:
    """Yield a model's config and those of its parts that count the dataset's classes.

    Args:
        node: a config of a model or of a part of it.
        key: where it stands in the whole config.
    """
    yield key, node
    kind = registered_class(MODELS, node.get('type'))
    foreign = {*CLASS_AGNOSTIC_PARTS, *getattr(kind, 'class_agnostic_parts', ())}
    for name, value in node.items():
        if name not in foreign:
            for place, part in _configs(name, value):
                yield from iter_parts(part, f'{key}.{place}')


def _configs(name: str, value: Any) -> Iterator[tuple[str, dict]]:
    if isinstance(value, dict):
        yield name, value
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield f'{name}.{index}', item


def _none(config: dict) -> dict[str, str]:
    return {}

"""Layers that ONNX has no operators for, found before anything is exported."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmcv.ops import RoIAlign, RoIPool
from mmdet.registry import MODELS
from mmengine.utils import is_seq_of
from torch import nn

from .forms.registry import unsupported

# Forms pool instead of these, or refuse them by the key of their extractor.
POOLED_BY_FORMS = (RoIAlign, RoIPool)


def check_layers(detector: nn.Module, cfg: Mapping[str, Any]) -> None:
    """Refuse a detector with layers of mmcv's own operators.

    Args:
        detector: with its layers.
        cfg: its config, ``model`` of the whole.

    Raises:
        UserError: names the key of the config that asks for such a layer, such as
            ``model.backbone.dcn``.
    """
    for path, module in detector.named_modules():
        kind = type(module)
        if not kind.__module__.startswith('mmcv.ops.'):
            continue
        if not isinstance(module, POOLED_BY_FORMS):
            key = _key_of(path, kind, cfg)
            raise unsupported(key, f'{kind.__name__} has no ONNX operator')


def _key_of(path: str, kind: type, cfg: Mapping[str, Any]) -> str:
    """The key that asks for a kind of layer in the part of a config at a path."""
    key, part = 'model', cfg
    for name in path.split('.'):
        if not isinstance(part.get(name), Mapping):
            break
        key, part = f'{key}.{name}', part[name]
    asking = (own for own, type_ in _types(part, key) if MODELS.get(type_) is kind)
    return next(asking, key)


def _types(part: Any, key: str) -> Iterator[tuple[str, str]]:
    """Keys and types of all components described in a part of a config."""
    if isinstance(part, Mapping):
        if isinstance(part.get('type'), str):
            yield key, part['type']
        for name, value in part.items():
            yield from _types(value, f'{key}.{name}')
    elif is_seq_of(part, Mapping):
        for place, value in enumerate(part):
            yield from _types(value, f'{key}[{place}]')

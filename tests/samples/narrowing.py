"""Makes the model of any config small enough to step in a second on a CPU."""

import inspect
from typing import Any

from mmdet.registry import MODELS

WIDTHS = (
    'base_channels',
    'conv_channels',
    'conv_out_channels',
    'embed_dims',
    'extra_channels',
    'fc_channels',
    'fc_conv_channels',
    'fc_out_channels',
    'feat_channels',
    'in_channels',
    'offset_channels',
    'out_channels',
    'point_channels',
    'point_feat_channels',
    'residual_channels',
)
COLOURS = 3
NUM_BOXES = 20


def narrow(model: dict, factor: int = 16) -> dict:
    """The same structure with a fraction of the channels, and with few boxes.

    Args:
        model: config of a model; changed in place.
        factor: divides the channels of all layers.

    Returns:
        The same config.
    """
    for part in _parts(model):
        _thin(part, factor)
        _forget_pretrained(part)
        for key in ('train_cfg', 'test_cfg'):
            for limits in _parts(part.get(key) or {}):
                _limit(limits)
        if part.get('test_cfg'):
            _accept_all(part['test_cfg'])
    return model


def _parts(node: Any) -> list[dict]:
    """All dicts below a node, itself included."""
    if isinstance(node, list | tuple):
        return [part for item in node for part in _parts(item)]
    if not isinstance(node, dict):
        return []
    return [node, *_parts(list(node.values()))]


def _thin(part: dict, factor: int) -> None:
    own = dict.fromkeys(name for name in WIDTHS if name in part)
    for name, default in (own | _widths(part.get('type'))).items():
        width = part.get(name, default)
        if width is not None and width != COLOURS:
            part[name] = _divided(width, factor)
    if isinstance(part.get('depth'), int):
        part['depth'] = min(part['depth'], 50)
    if part.get('type') == 'ResNeXt':
        part.update(groups=2, base_width=2)
    if part.get('arch') == 'tiny':  # ConvNeXt
        widths = [96 // factor * 2**stage for stage in range(4)]
        part.update(arch=dict(depths=[1, 1, 1, 1], channels=widths))


def _widths(kind: Any) -> dict[str, Any]:
    """Channels that a component takes, with their defaults."""
    found = MODELS.get(kind) if isinstance(kind, str) else None
    taken: dict[str, Any] = {}
    for ancestor in getattr(found, '__mro__', ()):
        for parameter in inspect.signature(ancestor.__init__).parameters.values():
            if parameter.name in WIDTHS:
                default = parameter.default
                taken.setdefault(
                    parameter.name, None if default is parameter.empty else default
                )
    return taken


def _divided(width: Any, factor: int) -> Any:
    if isinstance(width, int):
        return max(width // factor, 1)
    return [_divided(item, factor) for item in width]


def _forget_pretrained(part: dict) -> None:
    init_cfg = part.get('init_cfg')
    if isinstance(init_cfg, dict) and init_cfg.get('type') == 'Pretrained':
        part['init_cfg'] = None


def _limit(limits: dict) -> None:
    if 'max_per_img' in limits:
        limits['max_per_img'] = min(limits['max_per_img'], NUM_BOXES)
    if limits.get('type') in ('RandomSampler', 'OHEMSampler'):
        limits['num'] = 16


def _accept_all(test_cfg: dict) -> None:
    """Untrained scores are low."""
    for limits in (test_cfg, test_cfg.get('rcnn') or {}):
        if 'score_thr' in limits:
            limits['score_thr'] = 0.0

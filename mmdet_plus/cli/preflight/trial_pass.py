"""Sends an image without memory through a model, to see whether its parts fit."""

import contextlib
import traceback
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.detectors import SingleStageDetector, TwoStageDetector
from mmdet.models.roi_heads import CascadeRoIHead, StandardRoIHead
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from torch import Tensor, nn

from ...errors import UserError

SIDE = 256  # of the image; a multiple of all usual strides
# Layers with what they call the length of an axis of their input, and its place.
Layers = tuple[tuple[type[nn.Module], str, int], ...]
CONVOLUTIONS: Layers = (
    (nn.Conv2d, 'in_channels', -3),
    (nn.ConvTranspose2d, 'in_channels', -3),
)
# Those of whole feature maps depend on the size of images, those of regions do not.
LAYERS_OF_REGIONS: Layers = (*CONVOLUTIONS, (nn.Linear, 'in_features', -1))
PACKAGES = ('torch.nn.', 'mmcv.cnn.')  # whose layers take nothing else
MISFIT_ASSERTION = 'len(self.in_channels)'  # of necks
# Whose ways from images to heads and on to boxes are known, and no other's.
DETECTORS = (SingleStageDetector, TwoStageDetector)
ROI_HEADS = (StandardRoIHead, CascadeRoIHead)


class MisfitError(Exception):
    """A layer is given other channels than it has weights for."""


class Stage(NamedTuple):
    """A part of a model that is given something."""

    key: str
    part: nn.Module
    source: str
    """What gave it, for messages."""
    inputs: Any
    layers: Layers = CONVOLUTIONS
    """Those that are judged."""


def check_fits(model: nn.Module) -> None:
    """Raise ``UserError`` for the first part that cannot take what it is given.

    Backbone, neck and heads are called as far as they take feature maps alone. What
    fails for any other reason than its channels or levels is passed over: it says
    nothing about a training.

    Args:
        model: built on PyTorch's device ``meta``, where nothing is computed; set to
            evaluation.
    """
    if any(parameter.device.type != 'meta' for parameter in model.parameters()):
        return
    kind: Any = type(model)
    if not any(
        issubclass(kind, known)
        and kind.extract_feat is known.extract_feat
        and kind.loss is known.loss
        for known in DETECTORS
    ):
        return
    model.eval()
    with torch.no_grad(), torch.device('meta'):
        features, source = _features(model)
        if not isinstance(features, tuple | list):
            return
        if all(isinstance(x, Tensor) for x in features):
            for stage in _heads(model, features, source):
                _check_levels(stage, _outputs(stage))


def _features(model: Any) -> tuple[Any, str]:
    """What the heads are given, None if that cannot be said, and who gives it."""
    image = torch.zeros(1, 3, SIDE, SIDE)
    backbone = Stage('model.backbone', model.backbone, '', image)
    features = _outputs(backbone)
    if features is None or not model.with_neck:
        return features, backbone.key
    neck = Stage('model.neck', model.neck, backbone.key, features)
    return _outputs(neck), neck.key


def _heads(model: Any, features: Sequence[Tensor], source: str) -> Iterator[Stage]:
    for name in ('rpn_head', 'bbox_head'):
        head = getattr(model, name, None)
        if isinstance(head, BaseDenseHead) and _takes_features(head):
            yield Stage(f'model.{name}', head, source, features)
    regions: list[Stage] = []
    with contextlib.suppress(Exception):  # of extractors of other kinds
        regions = [*_heads_of_regions(model, features, source)]
    yield from regions


def _takes_features(head: BaseDenseHead) -> bool:
    """Whether a head is given what the neck gives, and not something of its own."""
    kind: Any = type(head)
    return all(
        getattr(kind, name) is getattr(BaseDenseHead, name)
        for name in ('loss', 'loss_and_predict')
    )


def _heads_of_regions(
    model: Any, features: Sequence[Tensor], source: str
) -> Iterator[Stage]:
    roi_head: Any = getattr(model, 'roi_head', None)
    if type(roi_head) not in ROI_HEADS or roi_head.with_shared_head:
        return
    for kind in ('bbox', 'mask'):
        extractors = getattr(roi_head, f'{kind}_roi_extractor', None)
        heads = getattr(roi_head, f'{kind}_head', None)
        for place, extractor, head in _pairs(extractors, heads):
            if type(extractor) is SingleRoIExtractor:
                size = extractor.roi_layers[0].output_size
                regions = features[0].new_zeros(2, features[0].shape[1], *size)
                key = f'model.roi_head.{kind}_head{place}'
                yield Stage(key, head, source, regions, LAYERS_OF_REGIONS)


def _pairs(extractors: Any, heads: Any) -> Iterator[tuple[str, nn.Module, nn.Module]]:
    """Extractors and heads of each stage of a cascade, or of the only one."""
    if isinstance(heads, nn.ModuleList):
        for index, pair in enumerate(zip(extractors, heads, strict=False)):
            yield (f'.{index}', *pair)
    elif heads is not None:
        yield '', extractors, heads


def _outputs(stage: Stage) -> Any:
    """What a part gives; None where it cannot be tried out."""
    for layer in stage.part.modules():
        if type(layer).__module__.startswith(PACKAGES):
            layer.register_forward_pre_hook(partial(_check_layer, stage.layers))
    try:
        return stage.part(stage.inputs)
    except Exception as error:
        if stage.source and _is_misfit(error):
            raise UserError(
                f'{stage.key}: {_name(stage.part)} does not fit {stage.source}, which '
                f'gives {_channels(stage.inputs)} channels: '
                f'{error if str(error) else "another number of levels"}'
            ) from error
        return None


def _check_layer(layers: Layers, layer: nn.Module, inputs: tuple[Any, ...]) -> None:
    for kind, name, axis in layers:
        if isinstance(layer, kind) and inputs and isinstance(inputs[0], Tensor):
            given, wanted = inputs[0].shape[axis], getattr(layer, name)
            if given != wanted:
                raise MisfitError(
                    f'a {_name(layer)} with {name}={wanted} is given {given}'
                )


def _is_misfit(error: Exception) -> bool:
    if isinstance(error, AssertionError):
        frames = traceback.extract_tb(error.__traceback__)
        return MISFIT_ASSERTION in (frames[-1].line or '')
    return isinstance(error, MisfitError)


def _check_levels(stage: Stage, outputs: Any) -> None:
    """Anchors or points are made for as many levels as there are feature maps."""
    wanted = getattr(getattr(stage.part, 'prior_generator', None), 'num_levels', None)
    is_known = isinstance(outputs, tuple) and outputs and isinstance(outputs[0], list)
    if is_known and wanted is not None and len(outputs[0]) != wanted:
        raise UserError(
            f'{stage.key}: {_name(stage.part)} has strides of {wanted} levels, but '
            f'{stage.source} gives {len(outputs[0])} feature maps'
        )


def _name(part: nn.Module) -> str:
    return type(part).__name__


def _channels(inputs: Tensor | Sequence[Tensor]) -> str:
    maps = [inputs] if isinstance(inputs, Tensor) else inputs
    return ', '.join(str(x.shape[1]) for x in maps)

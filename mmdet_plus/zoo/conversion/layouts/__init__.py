"""How other code bases name the weights of our models."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from torch import Tensor

from ..rules import Rule
from .cpm_rcnn import CPM_PET, with_statistics
from .d2det import D2DET_MMDET1, D2DET_MMDET2
from .dcr import DCR_MXNET
from .double_head import MASKRCNN_BENCHMARK
from .refinedet import REFINEDET_CAFFE, REFINEDET_PYTORCH


class Layout(NamedTuple):
    """A code base's names.

    Attributes:
        rules: to ours.
        sign: regular expression of a name that only files of this layout have.
        prepare: what happens to the weights before the rules.
    """

    rules: Sequence[Rule]
    sign: str
    prepare: Callable[[Mapping[str, Tensor]], Mapping[str, Tensor]] = dict


LAYOUTS = {
    'cpm-pet': Layout(CPM_PET, r'Conv_Body\..+', with_statistics),
    'd2det-mmdet1': Layout(D2DET_MMDET1, r'D2Det_head\..+'),
    'd2det-mmdet2': Layout(D2DET_MMDET2, r'roi_head\.D2Det_head\..+'),
    'dcr-mxnet': Layout(DCR_MXNET, r'bn_conv1_gamma'),
    'double-head-maskrcnn-benchmark': Layout(MASKRCNN_BENCHMARK, r'roi_heads\.box\..+'),
    'refinedet-caffe': Layout(REFINEDET_CAFFE, r'TL\d_1\.weight'),
    'refinedet-pytorch': Layout(REFINEDET_PYTORCH, r'arm_loc\.\d\.weight'),
}
# Names of files that no layout can be for, and why.
REFUSED = {
    r'stage1_unit1_bn1_gamma': (
        'these are weights of a pre-activation ResNet (v2) of MXNet, the refiner of '
        'DCR V1: no model of this package has its layers, so they cannot be converted'
    )
}


def check_convertible(names: Iterable[str]) -> None:
    """Raise ``ValueError`` for weights that are known not to fit any model of ours."""
    names = [*names]
    for sign, reason in REFUSED.items():
        if any(re.fullmatch(sign, name) for name in names):
            raise ValueError(reason)


def guess_layout(names: Iterable[str]) -> str:
    """The layout of a file by the names of its weights.

    Raises:
        ValueError: they are of no known layout.
    """
    names = [*names]
    for layout, known in LAYOUTS.items():
        if any(re.fullmatch(known.sign, name) for name in names):
            return layout
    raise ValueError(
        f'names such as {names[0] if names else "none"} are of no known layout: '
        f'give --layout, one of {", ".join(LAYOUTS)}'
    )


__all__ = ['LAYOUTS', 'Layout', 'check_convertible', 'guess_layout']

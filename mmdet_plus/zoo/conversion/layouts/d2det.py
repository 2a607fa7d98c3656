"""D2Det: the authors' releases on MMDetection 1.x and 2.1.

The first counts the background as class 0, also in the layers of masks. In the second
those have one row more than classes, the last, which is never trained.
"""

from collections.abc import Callable

from torch import Tensor

from ..rules import Rule, background_last, without_background

_ANY = r'(.+)'


def without_last(weight: Tensor) -> Tensor:
    """Rows (C + 1, ...) without the last one."""
    return weight[:-1]


def _pooling(prefix: str) -> tuple[Rule, ...]:
    layer = rf'{prefix}bbox_roi_extractor\.roi_layers\.(\d)\.'
    own = 'roi_head.bbox_roi_extractor'
    return (
        Rule(
            rf'{layer}offset_fc\.(\d)\.{_ANY}',
            rf'{own}.offset_predictors.\1.layers.\2.\3',
        ),
        Rule(rf'{layer}awp\.weight\.conv\.{_ANY}', rf'{own}.poolings.\1.conv.\2'),
        Rule(rf'{layer}awp\.weight\.bn\.{_ANY}', rf'{own}.poolings.\1.norm.\2'),
    )


def _head(prefix: str, of_classes: Callable[[Tensor], Tensor]) -> tuple[Rule, ...]:
    """Of regression and masks; ``of_classes`` keeps the rows of mask layers in use."""
    head = rf'{prefix}D2Det_head\.'
    mask = 'roi_head.mask_head'
    return (
        Rule(rf'{head}convs\.{_ANY}', r'roi_head.reg_head.convs.\1'),
        Rule(rf'{head}D2Det_reg\.{_ANY}', r'roi_head.reg_head.offset_conv.\1'),
        Rule(rf'{head}D2Det_mask\.{_ANY}', r'roi_head.reg_head.overlap_conv.\1'),
        Rule(rf'{head}deconv1\.{_ANY}', rf'{mask}.first_upsample.conv.\1'),
        Rule(rf'{head}norm1\.{_ANY}', rf'{mask}.first_upsample.gn.\1'),
        Rule(rf'{head}deconv2\.{_ANY}', rf'{mask}.upsample.\1'),
        Rule(rf'{head}D2Det_instance\.{_ANY}', rf'{mask}.conv_logits.\1', of_classes),
        Rule(rf'{head}fcs\.0\.{_ANY}', rf'{mask}.mask_scorer.0.\1'),
        Rule(rf'{head}fcs\.1\.{_ANY}', rf'{mask}.mask_scorer.2.\1'),
        Rule(
            rf'{head}fc_instance_iou\.{_ANY}', rf'{mask}.mask_scorer.4.\1', of_classes
        ),
    )


_COMMON = (Rule(r'((?:backbone|neck|rpn_head)\..+)', r'\1'),)

D2DET_MMDET1 = (
    *_COMMON,
    *_pooling(''),
    Rule(r'bbox_head\.(fc_cls\..+)', r'roi_head.bbox_head.\1', background_last),
    Rule(rf'bbox_head\.{_ANY}', r'roi_head.bbox_head.\1'),
    *_head('', without_background),
)

D2DET_MMDET2 = (
    *_COMMON,
    *_pooling(r'roi_head\.'),
    Rule(r'(roi_head\.bbox_head\..+)', r'\1'),
    *_head(r'roi_head\.', without_last),
)

"""D2Det: the authors' releases on MMDetection 1.x and 2.1.

The first counts the background as class 0. The layers of discriminative RoI pooling and
of the masks are known from the authors' descriptions only; what is called otherwise is
listed as unused.
"""

from ..rules import Rule, background_last, without_background

_ANY = r'(.+)'
_DRP = r'bbox_roi_extractor\.roi_layers\.(\d)\.'


def _head(roi_head: str, own_head: str) -> tuple[Rule, ...]:
    head = rf'{roi_head}{own_head}\.'
    return (
        Rule(rf'{head}convs\.{_ANY}', r'roi_head.reg_head.convs.\1'),
        Rule(rf'{head}D2Det_reg\.{_ANY}', r'roi_head.reg_head.offset_conv.\1'),
        Rule(rf'{head}D2Det_mask\.{_ANY}', r'roi_head.reg_head.overlap_conv.\1'),
        Rule(rf'{head}deconv1\.{_ANY}', r'roi_head.mask_head.first_upsample.conv.\1'),
        Rule(rf'{head}norm1\.{_ANY}', r'roi_head.mask_head.first_upsample.gn.\1'),
        Rule(rf'{head}deconv2\.{_ANY}', r'roi_head.mask_head.upsample.\1'),
        Rule(rf'{head}fcs\.0\.{_ANY}', r'roi_head.mask_head.mask_scorer.0.\1'),
        Rule(rf'{head}fcs\.1\.{_ANY}', r'roi_head.mask_head.mask_scorer.2.\1'),
    )


def _pooling(prefix: str) -> tuple[Rule, ...]:
    layer = rf'{prefix}{_DRP}'
    extractor = 'roi_head.bbox_roi_extractor'
    return (
        Rule(
            rf'{layer}offset_fc\.(\d)\.{_ANY}',
            rf'{extractor}.offset_predictors.\1.layers.\2.\3',
        ),
        Rule(rf'{layer}lip\.logit\.conv\.{_ANY}', rf'{extractor}.poolings.\1.conv.\2'),
        Rule(rf'{layer}lip\.logit\.bn\.{_ANY}', rf'{extractor}.poolings.\1.norm.\2'),
    )


_COMMON = (Rule(r'((?:backbone|neck|rpn_head)\..+)', r'\1'),)

D2DET_MMDET1 = (
    *_COMMON,
    *_pooling(''),
    Rule(r'bbox_head\.(fc_cls\..+)', r'roi_head.bbox_head.\1', background_last),
    Rule(rf'bbox_head\.{_ANY}', r'roi_head.bbox_head.\1'),
    *_head('', 'D2Det_head'),
    Rule(
        r'D2Det_head\.D2Det_instance\.(.+)',
        r'roi_head.mask_head.conv_logits.\1',
        without_background,
    ),
    Rule(
        r'D2Det_head\.fc_instance_iou\.(.+)',
        r'roi_head.mask_head.mask_scorer.4.\1',
        without_background,
    ),
)

D2DET_MMDET2 = (
    *_COMMON,
    *_pooling(r'roi_head\.'),
    Rule(r'(roi_head\.bbox_head\..+)', r'\1'),
    *_head(r'roi_head\.', '(?:D2Det_head|reg_head)'),
    Rule(
        r'roi_head\.(?:D2Det_head|reg_head)\.D2Det_instance\.(.+)',
        r'roi_head.mask_head.conv_logits.\1',
    ),
    Rule(
        r'roi_head\.(?:D2Det_head|reg_head)\.fc_instance_iou\.(.+)',
        r'roi_head.mask_head.mask_scorer.4.\1',
    ),
)

import pytest
import torch
from mmdet.registry import MODELS

import mmdet_plus  # noqa: F401
from mmdet_plus.analysis.head_correlation.readings import (
    check_double_head,
    first_fc_weight,
    read_heads,
    read_maps,
)

EXTRACTOR = dict(
    type='SingleRoIExtractor',
    roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
    out_channels=8,
    featmap_strides=[4],
)
SIZES = dict(in_channels=8, num_classes=3, fc_out_channels=16, conv_out_channels=16)
EXT = dict(type='DoubleHeadExtBBoxHead', **SIZES)
ROIS = torch.tensor([[0, 4.0, 4, 40, 40], [0, 0, 8, 30, 20], [0, 9, 9, 25, 50]])
LABELS = torch.tensor([2, 0, 1])
FEATS = (torch.randn(1, 8, 16, 16, generator=torch.Generator().manual_seed(0)),)


def ext(**kwargs):
    torch.manual_seed(0)
    cfg = dict(
        type='DoubleHeadExtRoIHead',
        bbox_roi_extractor=EXTRACTOR,
        bbox_head={**EXT, **kwargs},
    )
    return MODELS.build(cfg).eval()


def ext_with_convs():
    return ext(num_fc_convs=1, fc_conv_channels=12)


def plain():
    torch.manual_seed(0)
    head = dict(type='DoubleConvFCBBoxHead', num_convs=2, num_fcs=2, **SIZES)
    return MODELS.build(
        dict(
            type='DoubleHeadRoIHead',
            reg_roi_scale_factor=1.3,
            bbox_roi_extractor=EXTRACTOR,
            bbox_head=head,
        )
    ).eval()


def plain_with_shared_head():
    head = plain()
    head.shared_head = torch.nn.Conv2d(8, 8, 1)
    return head


@torch.no_grad()
@pytest.mark.parametrize('agnostic', [False, True])
def test_scores_and_boxes_are_those_of_the_objects_class(agnostic):
    head = ext(reg_class_agnostic=agnostic)
    outputs = head._bbox_forward(FEATS, ROIS)['outputs']
    readings = read_heads(head, FEATS, ROIS, LABELS)
    pairs = (('fc', outputs[:2]), ('conv', outputs[2:]))
    for name, (logits, deltas) in pairs:
        for i, label in enumerate(LABELS.tolist()):
            torch.testing.assert_close(
                readings[name].scores[i], logits[i].softmax(0)[label]
            )
            column = 0 if agnostic else 4 * label
            expected = head.bbox_head.bbox_coder.decode(
                ROIS[i : i + 1, 1:], deltas[i : i + 1, column : column + 4]
            )
            torch.testing.assert_close(readings[name].bboxes[i], expected[0])


@torch.no_grad()
def test_mmdets_double_head_gives_what_it_has():
    head = plain()
    readings = read_heads(head, FEATS, ROIS, LABELS)
    assert readings['fc'].bboxes is None
    assert readings['conv'].scores is None
    results = head._bbox_forward(FEATS, ROIS)
    expected = results['cls_score'].softmax(1)[range(3), LABELS]
    torch.testing.assert_close(readings['fc'].scores, expected)
    assert readings['conv'].bboxes.shape == (3, 4)


@torch.no_grad()
@pytest.mark.parametrize('build', [ext, ext_with_convs, plain, plain_with_shared_head])
def test_maps_lead_to_the_predictions(build):
    head = build()
    maps = read_maps(head, FEATS, ROIS)
    pooled = maps['conv'].mean(dim=(2, 3))
    is_ext = build in (ext, ext_with_convs)
    layer = head.bbox_head.conv_reg if is_ext else head.bbox_head.fc_reg
    deltas = head._bbox_forward(FEATS, ROIS)['bbox_pred']
    torch.testing.assert_close(layer(pooled), deltas)
    fc_feats = head.bbox_roi_extractor(FEATS, ROIS)
    if build is plain_with_shared_head:
        fc_feats = head.shared_head(fc_feats)
    if build is ext_with_convs:
        fc_feats = head.bbox_head.fc_convs(fc_feats)
    first = head.bbox_head.fc_branch[0]
    summed = maps['fc'].sum(dim=(2, 3)) + first.bias
    torch.testing.assert_close(summed, first(fc_feats.flatten(1)))
    assert first_fc_weight(head) is first.weight


@torch.no_grad()
def test_a_single_head_has_its_own_maps_only():
    fc = ext(lambda_fc=0.5, conv_loss_weight=0.0, fusion='fc')
    conv = ext(lambda_conv=0.5, fc_loss_weight=0.0, fusion='conv')
    assert read_maps(fc, FEATS, ROIS).keys() == {'fc'}
    assert read_maps(conv, FEATS, ROIS).keys() == {'conv'}
    assert first_fc_weight(conv) is None


def test_other_heads_are_refused():
    check_double_head(ext())
    check_double_head(plain())
    other = MODELS.build(dict(type='StandardRoIHead'))
    with pytest.raises(TypeError, match='got StandardRoIHead'):
        check_double_head(other)
    with pytest.raises(TypeError, match='got none'):
        check_double_head(None)

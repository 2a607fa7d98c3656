import pytest
import torch
from mmdet.registry import MODELS
from torch import nn

import mmdet_plus  # noqa: F401

EXTRACTOR = dict(
    type='SingleRoIExtractor',
    roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
    out_channels=4,
    featmap_strides=[4],
)
ROIS = torch.tensor([[0, 4.0, 4, 40, 40], [0, 0, 8, 30, 20]])


class Constant(nn.Module):
    """An extractor that gives the same number everywhere."""

    num_inputs = 1

    def __init__(self, value):
        super().__init__()
        self.value = value

    def forward(self, feats, rois):
        return feats[0].new_full((len(rois), 4, 7, 7), self.value)


def build(**head):
    torch.manual_seed(0)
    bbox_head = dict(
        type='ConvFCBBoxHead',
        num_cls_fcs=1,
        num_reg_fcs=1,
        in_channels=4,
        fc_out_channels=8,
        num_classes=3,
    )
    return MODELS.build(
        dict(
            type='SeparateExtractorRoIHead',
            bbox_roi_extractor=EXTRACTOR,
            reg_roi_extractor=EXTRACTOR,
            bbox_head={**bbox_head, **head},
        )
    )


def outputs(head):
    results = head._bbox_forward((torch.ones(1, 4, 16, 16),), ROIS)
    return results['cls_score'], results['bbox_pred']


def test_each_branch_reads_its_own_extractor():
    head = build()
    head.bbox_roi_extractor, head.reg_roi_extractor = Constant(1.0), Constant(1.0)
    classes, boxes = outputs(head)
    head.bbox_roi_extractor = Constant(5.0)
    other_classes, same_boxes = outputs(head)
    head.reg_roi_extractor = Constant(5.0)
    _, other_boxes = outputs(head)
    torch.testing.assert_close(boxes, same_boxes)
    assert not torch.allclose(classes, other_classes)
    assert not torch.allclose(boxes, other_boxes)


def test_with_one_extractor_it_is_the_standard_head():
    head = build()
    feats = (torch.randn(1, 4, 16, 16),)
    expected = head.bbox_head(head.bbox_roi_extractor(feats, ROIS))
    results = head._bbox_forward(feats, ROIS)
    torch.testing.assert_close(results['cls_score'], expected[0])
    torch.testing.assert_close(results['bbox_pred'], expected[1])


def test_every_parameter_learns():
    head = build()
    sum(out.square().sum() for out in outputs(head)).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_shared_layers_are_refused():
    with pytest.raises(ValueError, match='without shared layers, got 2'):
        build(num_shared_fcs=2)

"""Compares released networks with ours after conversion."""

import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from samples.released_networks import PROPOSALS, SIDE
from torch import Tensor, nn

from mmdet_plus.zoo.conversion.converting import check_complete, convert_file

CLOSE = dict(atol=1e-4, rtol=1e-4)


def converted_model(path, cfg, layout: str) -> nn.Module:
    """Our model with the weights of a file, all of which are used."""
    init_default_scope('mmdet')
    found, result = convert_file(path, cfg)
    assert found == layout
    assert result.unused == []
    check_complete(result)
    model = MODELS.build(cfg.model).eval()
    model.load_state_dict(result.state_dict, strict=False)
    return model


@torch.no_grad()
def assert_levels_and_proposals_equal(net, model: nn.Module, images: Tensor) -> None:
    """``net.levels`` and ``net.propose``, logits and deltas of a level, are ours."""
    theirs, ours = net.levels(images), model.extract_feat(images)
    for level, own in zip(theirs, ours, strict=True):
        assert level.std() > 0.1
        torch.testing.assert_close(own, level, **CLOSE)
    logits, deltas = model.rpn_head(ours)
    for i, level in enumerate(theirs):
        objects, moves = net.propose(level)
        torch.testing.assert_close(logits[i], objects, **CLOSE)
        torch.testing.assert_close(deltas[i], moves, **CLOSE)


@torch.no_grad()
def assert_detections_equal(
    model: nn.Module, images: Tensor, bboxes: Tensor, **scores: Tensor
) -> None:
    """The model finds these.

    Args:
        model: whose test config keeps everything.
        images: one.
        bboxes: (N, 4) made of the N proposals.
        scores: (N, num_classes) each, by the names of the fields.
    """
    (result,) = model.predict(images, [_sample_with_proposals()])
    found = result.pred_instances
    num_classes = scores['scores'].shape[1]
    assert len(found) == scores['scores'].numel()
    assert (bboxes - torch.tensor(PROPOSALS)).abs().max() > 3
    labels = torch.arange(num_classes).repeat(len(bboxes))
    each = bboxes.repeat_interleave(num_classes, dim=0)
    expected = _in_order(labels, each, *(value.flatten() for value in scores.values()))
    ours = _in_order(found.labels, found.bboxes, *(found[name] for name in scores))
    assert torch.equal(ours[0], expected[0])
    torch.testing.assert_close(ours[1], expected[1], atol=1e-3, rtol=0)
    for own, value in zip(ours[2:], expected[2:], strict=True):
        torch.testing.assert_close(own, value, **CLOSE)


def _sample_with_proposals() -> DetDataSample:
    size = (SIDE, SIDE)
    return DetDataSample(
        metainfo=dict(img_shape=size, ori_shape=size, scale_factor=(1.0, 1.0)),
        proposals=InstanceData(bboxes=torch.tensor(PROPOSALS)),
    )


def keep_everything(rcnn: dict) -> None:
    """A test config by which every class of every proposal is a detection."""
    rcnn.update(score_thr=1e-6, max_per_img=100)
    rcnn['nms'] = dict(type='nms', iou_threshold=1.0)


def _in_order(labels: Tensor, *others: Tensor) -> tuple[Tensor, ...]:
    """Detections by class, then by the left edges of their boxes, the first others."""
    order = sorted(
        range(len(labels)), key=lambda i: (int(labels[i]), float(others[0][i, 0]))
    )
    return (labels[order], *(other[order] for other in others))

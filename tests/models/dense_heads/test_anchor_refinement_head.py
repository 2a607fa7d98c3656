import math

import pytest
import torch
from mmdet.registry import MODELS
from samples.multibox_heads import TRAIN_CFG, MultiboxTraining, feats, samples

import mmdet_plus  # noqa: F401
from mmdet_plus.models.dense_heads.anchor_refinement_head import not_surely_background
from mmdet_plus.models.task_modules.multibox import flatten_levels, tiled_anchors

CHANNELS = [3, 4]


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(
        type='AnchorRefinementHead',
        in_channels=CHANNELS,
        anchor_generator=dict(
            type='AnchorGenerator',
            strides=[8, 16],
            ratios=[0.5, 1.0, 2.0],
            scales=[4],
            center_offset=0.5,
        ),
        train_cfg=TRAIN_CFG,
    )
    head = MODELS.build({**config, **kwargs})
    head.init_weights()
    return head


SAMPLES = samples([[10, 10, 40, 40]], [[2, 3, 62, 64], [0, 0, 20, 30]])


def count_decoded(head, monkeypatch):
    counts, decode = [], head.bbox_coder.decode

    def counting(bboxes, deltas, **kwargs):
        counts.append(len(bboxes))
        return decode(bboxes, deltas, **kwargs)

    monkeypatch.setattr(head.bbox_coder, 'decode', counting)
    return counts


@pytest.mark.parametrize(('size', 'count'), [(320, 6375), (512, 16320)])
def test_anchor_counts_of_the_paper(size, count):
    generator = MODELS.build(dict(type='AnchorRefinementHead')).prior_generator
    maps = [torch.zeros(1, 1, size // s, size // s) for s in (8, 16, 32, 64)]
    anchors = tiled_anchors(generator, maps)
    assert len(anchors) == count
    sizes = anchors[:, 2:] - anchors[:, :2]
    torch.testing.assert_close(sizes[1], torch.tensor([32.0, 32]))  # 4 x stride
    torch.testing.assert_close(sizes[-2], torch.tensor([256.0, 256]))
    torch.testing.assert_close(
        (sizes[:3, 1] / sizes[:3, 0]), torch.tensor([0.5, 1.0, 2.0])
    )
    torch.testing.assert_close((anchors[1, :2] + anchors[1, 2:]) / 2,
                               torch.tensor([4.0, 4.0]))  # fmt: skip


def test_shapes():
    logits, deltas = build()(feats())
    assert [tuple(m.shape) for m in logits] == [(2, 6, 8, 8), (2, 6, 4, 4)]
    assert [tuple(m.shape) for m in deltas] == [(2, 12, 8, 8), (2, 12, 4, 4)]


@pytest.mark.parametrize('threshold', [0.3, 0.5, 0.99, 1.0])
def test_filter_equals_the_softmax(threshold):
    torch.manual_seed(0)
    logits = torch.randn(500, 2) * 5
    expected = logits.softmax(-1)[:, 1] <= threshold
    assert torch.equal(not_surely_background(logits, threshold), expected)


def test_a_threshold_of_one_keeps_even_certain_background():
    logits = torch.tensor([[-1e4, 1e4]])
    assert not_surely_background(logits, 1.0).all()
    assert not not_surely_background(logits, 0.99).any()


def test_only_what_is_kept_is_decoded(monkeypatch):
    head, x = build(negative_threshold=0.6), feats()
    counts = count_decoded(head, monkeypatch)
    refinement = head.predict(x)
    kept = refinement.kept.sum(dim=1).tolist()
    assert counts == kept
    assert 0 < min(kept) <= max(kept) < 240
    logits, deltas = (
        flatten_levels(m, n) for m, n in zip(head(x), (2, 4), strict=True)
    )
    anchors = tiled_anchors(head.prior_generator, x)
    for i in range(2):
        mask = logits[i].softmax(-1)[:, 1] <= 0.6
        assert torch.equal(refinement.kept[i], mask)
        expected = head.bbox_coder.decode(anchors, deltas[i])[mask]
        torch.testing.assert_close(refinement.priors[i], expected)


def test_filtering_everything():
    head = build()
    for conv in head.cls_convs:
        torch.nn.init.constant_(conv.bias.data[1::2], 100.0)
    refinement = head.predict(feats())
    assert not refinement.kept.any()
    assert [p.shape for p in refinement.priors] == [(0, 4), (0, 4)]


def test_targets_know_objects_only():
    head = build()
    anchors = tiled_anchors(head.prior_generator, feats())
    gts = [sample.gt_instances for sample in SAMPLES]
    targets = head.get_targets([anchors] * 2, gts)
    assert set(targets.labels.flatten().tolist()) == {0, 1}
    assert gts[0].labels.tolist() == [3]  # left as they are
    rows = targets.labels[0] == 0
    decoded = head.bbox_coder.decode(anchors[rows], targets.deltas[0, rows])
    torch.testing.assert_close(decoded, gts[0].bboxes.expand_as(decoded))


def test_handed_on_anchors_are_refined_without_a_gradient():
    head, x = build(), feats()
    losses, refinement = head.loss(x, SAMPLES)
    assert set(losses) == {'loss_arm_cls', 'loss_arm_bbox'}
    anchors = tiled_anchors(head.prior_generator, x)
    deltas = flatten_levels(head(x)[1], 4)
    for i in range(2):
        expected = head.bbox_coder.decode(anchors, deltas[i])
        torch.testing.assert_close(refinement.priors[i], expected.detach())
        assert not refinement.priors[i].requires_grad
        assert (refinement.priors[i] - anchors).abs().max() > 0.1
    assert refinement.kept.shape == (2, 240)


def test_without_refinement_the_anchors_are_handed_on():
    head, x = build(refine=False), feats()
    anchors = tiled_anchors(head.prior_generator, x)
    for refinement in (head.loss(x, SAMPLES)[1], head.predict(x)):
        for kept, priors in zip(refinement.kept, refinement.priors, strict=True):
            assert torch.equal(priors, anchors[kept] if len(priors) < 240 else anchors)


def losses_of(truth=SAMPLES, **kwargs):
    return build(**kwargs).loss(feats(), truth)[0]


class TestTraining(MultiboxTraining):
    build = staticmethod(build)
    losses_of = staticmethod(losses_of)
    feats = staticmethod(feats)
    samples = SAMPLES
    losses = ('loss_arm_cls', 'loss_arm_bbox')


def test_every_parameter_gets_a_gradient():
    head = build()
    sum(head.loss(feats(), SAMPLES)[0].values()).backward()
    assert [n for n, p in head.named_parameters() if not p.grad.abs().sum()] == []


def test_no_objects_give_zero_losses_with_a_gradient_path():
    head = build()
    losses, _ = head.loss(feats(), samples([], []))
    assert all(loss == 0 for loss in losses.values())
    sum(losses.values()).backward()
    assert all((p.grad == 0).all() for p in head.parameters())


def test_batch_equals_single_images():
    head, x = build(negative_threshold=0.6), feats()
    both = head.predict(x)
    for i in range(2):
        one = head.predict([level[i : i + 1] for level in x])
        torch.testing.assert_close(one.priors[0], both.priors[i])


def test_it_states_no_number_of_classes():
    assert not any(hasattr(module, 'num_classes') for module in build().modules())


def test_defaults():
    head = MODELS.build(dict(type='AnchorRefinementHead'))
    assert head.negative_threshold == 0.99
    assert head.bbox_coder.stds == (0.1, 0.1, 0.2, 0.2)
    assert not_surely_background(torch.tensor([0.0, math.log(98)]), 0.99)
    assert not not_surely_background(torch.tensor([0.0, math.log(100)]), 0.99)


def test_state_dict_round_trip():
    head, other = build(), build()
    torch.nn.init.normal_(other.cls_convs[0].weight)
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other(feats())[0], head(feats())[0])


@pytest.mark.parametrize('threshold', [0.0, -1, 1.5])
def test_message_of_the_threshold(threshold):
    with pytest.raises(ValueError, match=r'negative_threshold must be in \(0, 1\]'):
        build(negative_threshold=threshold)


def test_message_of_the_levels():
    with pytest.raises(ValueError, match=r'2 levels, but in_channels is \[3\]'):
        build(in_channels=[3])

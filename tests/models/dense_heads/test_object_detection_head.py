import pytest
import torch
from mmcv.ops import batched_nms
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from samples.multibox_heads import META, TRAIN_CFG, MultiboxTraining, feats, samples

import mmdet_plus  # noqa: F401
from mmdet_plus.models.dense_heads.anchor_refinement_head import Refinement
from mmdet_plus.models.task_modules.multibox import flatten_levels, tiled_anchors

NUM_CLASSES, NUM_ANCHORS = 5, 8 * 8 + 4 * 4
TEST_CFG = dict(
    score_thr=0.01, nms_pre=400, nms=dict(type='nms', iou_threshold=0.45), max_per_img=9
)


def build(test_cfg=None, **kwargs):
    torch.manual_seed(0)
    config = dict(
        type='ObjectDetectionHead',
        num_classes=NUM_CLASSES,
        in_channels=[3, 4],
        anchor_generator=dict(
            type='AnchorGenerator',
            strides=[8, 16],
            ratios=[1.0],
            scales=[2],
            center_offset=0.5,
        ),
        train_cfg=TRAIN_CFG,
        test_cfg=ConfigDict({**TEST_CFG, **(test_cfg or {})}),
    )
    head = MODELS.build({**config, **kwargs})
    head.init_weights()
    return head


def test_a_final_suppression_lowers_scores_of_neighbours():
    cfg = dict(nms=dict(type='nms', iou_threshold=0.9), max_per_img=50)
    plain = build(cfg).predict(feats(1), samples([]))[0]
    final = dict(type='soft_nms', iou_threshold=0.3)
    soft = build(cfg | dict(final_nms=final)).predict(feats(1), samples([]))[0]
    dets, keep = batched_nms(plain.bboxes, plain.scores, plain.labels, final)
    assert soft.scores.sum() < plain.scores.sum() - 0.1
    torch.testing.assert_close(soft.scores, dets[:, 4])
    torch.testing.assert_close(soft.bboxes, plain.bboxes[keep])
    assert torch.equal(soft.labels, plain.labels[keep])


SAMPLES = samples([[10, 10, 26, 26]], [[5, 20, 36, 50], [0, 0, 20, 18]])


def anchors_of(head):
    return tiled_anchors(head.prior_generator, feats())


def refinement_of(head, kept):
    priors = [anchors_of(head) + 2.0] * len(kept)
    return Refinement(kept, priors)


def test_shapes():
    logits, deltas = build()(feats())
    assert [tuple(m.shape) for m in logits] == [(2, 6, 8, 8), (2, 6, 4, 4)]
    assert [tuple(m.shape) for m in deltas] == [(2, 4, 8, 8), (2, 4, 4, 4)]


def test_targets_are_encoded_against_the_given_priors():
    head = build()
    priors = [anchors_of(head) + 2, anchors_of(head)]
    gts = [sample.gt_instances for sample in SAMPLES]
    targets = head.get_targets(priors, gts)
    for i in range(2):
        rows = targets.labels[i] < NUM_CLASSES
        decoded = head.bbox_coder.decode(priors[i][rows], targets.deltas[i, rows])
        owners = targets.labels[i, rows] - 3
        torch.testing.assert_close(decoded, gts[i].bboxes[owners])
    assert set(targets.labels[1].tolist()) == {3, 4, NUM_CLASSES}


def test_loss_depends_on_the_priors_and_on_what_is_kept():
    head, x = build(), feats()
    everything = torch.ones(2, NUM_ANCHORS, dtype=torch.bool)
    plain = head.loss(x, SAMPLES)
    same = head.loss(x, SAMPLES, Refinement(everything, [anchors_of(head)] * 2))
    moved = head.loss(x, SAMPLES, refinement_of(head, everything))
    assert set(plain) == {'loss_cls', 'loss_bbox'}
    for key, value in plain.items():
        torch.testing.assert_close(value, same[key])
    assert moved['loss_bbox'] != plain['loss_bbox']


def test_filtered_negatives_do_not_train():
    head, x = build(), feats()
    kept = torch.rand(2, NUM_ANCHORS) > 0.5
    targets = head.get_targets(
        refinement_of(head, kept).priors, [s.gt_instances for s in SAMPLES]
    )
    kept |= targets.labels < NUM_CLASSES
    logits, deltas = head(x)
    rows = flatten_levels(logits, NUM_CLASSES + 1)
    rows.retain_grad()
    for level in logits:
        level.retain_grad()
    gts = [s.gt_instances for s in SAMPLES]
    losses = head.loss_by_feat(
        logits, deltas, gts, refinement=refinement_of(head, kept)
    )
    losses['loss_cls'].backward()
    grads = flatten_levels([level.grad for level in logits], NUM_CLASSES + 1)
    touched = grads.abs().sum(dim=2) > 0
    assert touched.any()
    assert not (touched & ~kept).any()


def test_objects_train_where_everything_is_filtered():
    head, x = build(), feats()
    nothing = torch.zeros(2, NUM_ANCHORS, dtype=torch.bool)
    filtered = head.loss(x, SAMPLES, refinement_of(head, nothing))
    losses = head.loss(x, SAMPLES, refinement_of(head, ~nothing))
    assert filtered['loss_bbox'] == losses['loss_bbox'] > 0
    assert losses['loss_cls'] > filtered['loss_cls'] > 0


def losses_of(truth=SAMPLES, **kwargs):
    return build(**kwargs).loss(feats(), truth)


class TestTraining(MultiboxTraining):
    build = staticmethod(build)
    losses_of = staticmethod(losses_of)
    feats = staticmethod(feats)
    samples = SAMPLES
    losses = ('loss_cls', 'loss_bbox')


def test_every_parameter_gets_a_gradient():
    head = build()
    sum(head.loss(feats(), SAMPLES).values()).backward()
    assert [n for n, p in head.named_parameters() if not p.grad.abs().sum()] == []


def certain_maps(hits):
    """Logits and offsets that find a class with a margin at (level, y, x)."""
    logits = [torch.zeros(1, 6, 8, 8), torch.zeros(1, 6, 4, 4)]
    for level in logits:
        level[:, NUM_CLASSES] = 20.0
    for level, y, x, label, margin in hits:
        logits[level][0, label, y, x] = 20.0 + margin
    return logits, [torch.zeros(1, 4, 8, 8), torch.zeros(1, 4, 4, 4)]


def predict(head, maps, refinement=None, rescale=False):
    (found,) = head.predict_by_feat(
        *maps, batch_img_metas=[META], rescale=rescale, refinement=refinement
    )
    return found


def test_detections_by_hand():
    maps = certain_maps([(0, 2, 3, 1, 2.0), (1, 0, 1, 4, 3.0)])
    found = predict(build(), maps)
    assert found.labels.tolist()[:2] == [4, 1]
    # Centres (24, 8) and (28, 20), sides 32 and 16, clipped to the image.
    expected = torch.tensor([[8.0, 0, 40, 24], [20, 12, 36, 28]])
    torch.testing.assert_close(found.bboxes[:2], expected)
    scores = torch.tensor([3.0, 2.0]).sigmoid()
    torch.testing.assert_close(found.scores[:2], scores, atol=1e-4, rtol=0)
    original = predict(build(), maps, rescale=True).bboxes
    torch.testing.assert_close(original[:2], expected / torch.tensor([2.0, 4, 2, 4]))


def test_boxes_are_clipped_to_an_image_that_is_not_square():
    maps = certain_maps([(0, 7, 7, 1, 2.0), (1, 3, 3, 4, 3.0)])
    meta = dict(META, img_shape=(56, 60))  # height, width
    (found,) = build(dict(score_thr=0.5)).predict_by_feat(*maps, batch_img_metas=[meta])
    expected = torch.tensor([[40.0, 40, 60, 56], [52, 52, 60, 56]])
    torch.testing.assert_close(found.bboxes, expected)


def test_nms_per_class():
    # Neighbours overlap by half, which is an IoU of 1 / 3; offsets move one onto the
    # other.
    maps = certain_maps([(0, 2, 2, 1, 3.0), (0, 2, 3, 1, 2.0), (0, 2, 4, 2, 1.0)])
    maps[1][0][0, 0, 2, 3] = -8 / 16 / 0.1
    maps[1][0][0, 0, 2, 4] = -16 / 16 / 0.1
    found = predict(build(dict(score_thr=0.5)), maps)
    assert found.labels.tolist() == [1, 2]


def test_limits():
    torch.manual_seed(0)
    maps = [torch.randn(1, 6, 8, 8), torch.randn(1, 6, 4, 4)], certain_maps([])[1]
    assert len(predict(build(dict(score_thr=0.0)), maps)) == 9
    first = predict(build(dict(score_thr=0.0, nms_pre=1)), maps)
    assert len(first) == 1
    assert first.scores[0] == max(m.softmax(1)[:, :-1].max() for m in maps[0])


def test_priors_of_kept_anchors_only():
    head = build(dict(score_thr=0.5))
    maps = certain_maps([(0, 2, 3, 1, 2.0), (1, 0, 1, 4, 3.0)])
    kept = torch.zeros(1, NUM_ANCHORS, dtype=torch.bool)
    kept[0, 64 + 1] = kept[0, 5] = True  # level 1, row 0, column 1; level 0, row 0
    priors = [torch.tensor([[0.0, 0, 9, 9], [10, 12, 30, 40]])]
    found = predict(head, maps, Refinement(kept, priors))
    assert found.labels.tolist() == [4]
    torch.testing.assert_close(found.bboxes, torch.tensor([[10.0, 12, 30, 40]]))


def test_softmax_and_decoding_see_kept_anchors_only(monkeypatch):
    head, x = build(dict(score_thr=0.0, nms_pre=10000)), feats(1)
    rows, softmax = [], torch.Tensor.softmax

    def counting(self, *args, **kwargs):
        rows.append(len(self))
        return softmax(self, *args, **kwargs)

    decoded, decode = [], head.bbox_coder.decode

    def count_decoded(bboxes, deltas, **kwargs):
        decoded.append(len(bboxes))
        return decode(bboxes, deltas, **kwargs)

    monkeypatch.setattr(torch.Tensor, 'softmax', counting)
    monkeypatch.setattr(head.bbox_coder, 'decode', count_decoded)
    kept = torch.zeros(1, NUM_ANCHORS, dtype=torch.bool)
    kept[0, ::10] = True
    priors = [anchors_of(head)[kept[0]]]
    head.predict(x, samples([]), refinement=Refinement(kept, priors))
    assert rows == [8]
    assert decoded == [8 * NUM_CLASSES]


def test_nothing_kept_gives_empty_detections():
    kept = torch.zeros(1, NUM_ANCHORS, dtype=torch.bool)
    empty = Refinement(kept, [torch.zeros(0, 4)])
    found = predict(build(), certain_maps([]), empty, rescale=True)
    assert found.bboxes.shape == (0, 4)
    assert found.scores.shape == found.labels.shape == (0,)
    assert found.labels.dtype == torch.long


def test_batch_equals_single_images():
    head, x = build(dict(score_thr=0.0)), feats()
    both = head.predict(x, SAMPLES)
    for i in range(2):
        (one,) = head.predict([level[i : i + 1] for level in x], SAMPLES[i : i + 1])
        torch.testing.assert_close(one.bboxes, both[i].bboxes)
        assert torch.equal(one.labels, both[i].labels)


def test_message_of_the_levels():
    with pytest.raises(ValueError, match=r'4 levels, but in_channels is \[3\]'):
        MODELS.build(dict(type='ObjectDetectionHead', num_classes=5, in_channels=[3]))


def test_state_dict_round_trip():
    head, other = build(), build()
    torch.nn.init.normal_(other.cls_convs[0].weight)
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other(feats())[0], head(feats())[0])

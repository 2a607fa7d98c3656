from types import SimpleNamespace

import pytest
import torch
from samples.d2det import build, features
from samples.roi_heads import GTS, proposals, samples

from mmdet_plus.engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast
from mmdet_plus.models.roi_heads import d2det_roi_head as module


@pytest.fixture
def feats():
    return features()


def spy_on_localisation(head, seen):
    def loss(_, boxes, gts, inside):
        seen.update(boxes=boxes, gts=gts, inside=inside)
        return {}

    head.reg_head.loss = loss


LOSS_KEYS = {'loss_cls', 'acc', 'loss_bbox', 'loss_overlap'}


def test_every_parameter_learns(feats):
    head = build()
    # Leave the start where weights and offsets are zero.
    for predictor in head.bbox_roi_extractor.offset_predictors:
        torch.nn.init.normal_(predictor.layers[-1].weight)
    for pooling in head.bbox_roi_extractor.poolings:
        torch.nn.init.normal_(pooling.conv.weight)
    head.bbox_roi_extractor.finest_scale = 21  # both levels are used
    losses = head.loss(feats, proposals(20, 20), samples(GTS, GTS))
    assert losses.keys() == LOSS_KEYS
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


@pytest.mark.parametrize('counts', [(0, 0), (5, 0)])
def test_images_without_objects_keep_all_keys(counts, feats):
    head = build()
    none = torch.empty(0, 4)
    losses = head.loss(feats, proposals(*counts), samples(none, none))
    assert losses.keys() == LOSS_KEYS
    assert all(v.isfinite().all() for v in losses.values())
    assert losses['loss_bbox'] == 0
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_localisation_trains_on_jittered_clipped_positives(feats, monkeypatch):
    head = build()
    seen = {}
    spy_on_localisation(head, seen)
    head.loss(feats, proposals(20, 20), samples(GTS, GTS + 3))
    boxes, gts = seen['boxes'], seen['gts']
    assert len(boxes) == 6  # max_reg_rois of the batch
    # Those that are left out are chosen by chance: both images are there.
    first, second = ((gts[:, None] == own).all(-1).any(1) for own in (GTS, GTS + 3))
    assert (first | second).all()
    assert first.any()
    assert second.any()
    assert (boxes >= 0).all()
    assert (boxes[:, 2] <= 120).all()
    assert (boxes[:, 3] <= 100).all()
    monkeypatch.setattr(module, 'jitter_bboxes', lambda b, amplitude: b * 0 + amplitude)
    head.loss(feats, proposals(20, 20), samples(GTS, GTS))
    assert (seen['boxes'] == 0.15).all()  # the released amplitude is the default


def test_no_more_than_192_rois_are_localised_unless_told(feats):
    head = build()
    del head.train_cfg['max_reg_rois']
    seen = {}
    spy_on_localisation(head, seen)
    many = GTS.repeat(100, 1)
    result = SimpleNamespace(
        pos_priors=many,
        pos_gt_bboxes=many,
        pos_gt_labels=torch.zeros(200, dtype=torch.long),
        pos_assigned_gt_inds=torch.arange(200),
    )
    head.reg_loss(feats, [result], samples(GTS)[:1])
    assert len(seen['boxes']) == len(seen['gts']) == 192


@pytest.mark.parametrize('limit', [10, 100])
def test_each_roi_goes_with_its_own_ground_truth(limit, feats):
    head = build(dict(train_cfg=dict(pos_jitter=0.0, max_reg_rois=limit)))
    seen = {}
    spy_on_localisation(head, seen)
    head.loss(feats, proposals(20, 20), samples(GTS, GTS.flip(0)))
    distance = (seen['boxes'] - seen['gts']).abs().amax(1)
    assert len(distance) > 6
    assert distance.max() < 25  # the other object is 40 px away


def test_levels_that_the_extractors_do_not_read_are_left_out(feats):
    head = build()
    head.bbox_roi_extractor.finest_scale = head.reg_roi_extractor.finest_scale = 2
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    assert all(len(result) > 0 for result in results)


def test_predictions_are_clipped_sorted_and_typed(feats):
    results = build().predict(feats, proposals(9, 4), samples(GTS, GTS))
    for result in results:
        assert len(result) > 0
        assert (result.bboxes >= 0).all()
        assert (result.bboxes[:, 0::2] <= 120).all()
        assert (result.bboxes[:, 1::2] <= 100).all()
        assert (result.scores.diff() <= 0).all()
        assert result.labels.dtype == torch.long
        assert set(result.labels.tolist()) <= {0, 1, 2}


def test_boxes_come_from_the_regression_head(feats):
    head = build(dict(test_cfg=dict(final_nms=None)))
    classified = super(module.D2DetRoIHead, head).predict_bbox(
        feats, [s.metainfo for s in samples(GTS, GTS)], proposals(9, 4), head.test_cfg
    )
    head.reg_head.predict_by_feat = lambda _, boxes: boxes + 1
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    for before, after in zip(classified, results, strict=True):
        moved = before.bboxes + 1
        moved[:, 0::2] = moved[:, 0::2].clamp(max=120)
        moved[:, 1::2] = moved[:, 1::2].clamp(max=100)
        torch.testing.assert_close(after.bboxes, moved)
        torch.testing.assert_close(after.scores, before.scores)
        assert torch.equal(after.labels, before.labels)


def test_soft_nms_lowers_scores_of_duplicates(feats):
    plain = build(dict(test_cfg=dict(final_nms=None)))
    soft = build()
    before = plain.predict(feats, proposals(9, 4), samples(GTS, GTS))[0]
    after = soft.predict(feats, proposals(9, 4), samples(GTS, GTS))[0]
    assert after.scores.max() == before.scores.max()
    assert after.scores.sum() < before.scores.sum()


def test_rescaling_happens_once_at_the_end(feats):
    head = build()
    small = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    large = head.predict(
        feats, proposals(9, 4), samples(GTS, GTS, scale=0.5), rescale=True
    )
    for a, b in zip(small, large, strict=True):
        torch.testing.assert_close(a.bboxes * 2, b.bboxes)
        torch.testing.assert_close(a.scores, b.scores)


@pytest.mark.parametrize('change', [{}, dict(test_cfg=dict(score_thr=1.0))])
def test_no_proposals_or_detections(change, feats):
    counts = (0, 0) if not change else (9, 4)
    results = build(change).predict(
        feats, proposals(*counts), samples(GTS, GTS), rescale=True
    )
    for result in results:
        assert result.bboxes.shape == (0, 4)
        assert result.scores.shape == (0,)
        assert result.labels.shape == (0,)


def test_batch_of_two_is_two_of_one(feats):
    head = build()
    both = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    for i, together in enumerate(both):
        own = tuple(f[i : i + 1] for f in feats)
        alone = head.predict(own, proposals(9, 4)[i : i + 1], samples(GTS))[0]
        torch.testing.assert_close(alone.bboxes, together.bboxes)
        torch.testing.assert_close(alone.scores, together.scores)


def test_bfloat16_autocast(feats):
    head = build()
    half = tuple(f.bfloat16() for f in feats)
    with bfloat16_autocast(head):
        losses = head.loss(half, proposals(20, 20), samples(GTS, GTS))
        results = head.predict(half, proposals(9, 4), samples(GTS, GTS))
        raw = head(half, proposals(9, 4))
    assert all(out.isfinite().all() for out in raw if out is not None)
    assert all(v.isfinite().all() for v in losses.values())
    assert losses['loss_bbox'].dtype == torch.float32
    assert all(r.bboxes.dtype == torch.float32 for r in results)


def test_forward_returns_both_branches(feats):
    classes, boxes, offsets, overlap = build()(feats, proposals(9, 4))
    assert classes.shape == (13, 4)
    assert boxes is None
    assert offsets.shape == (13, 4, 7, 7)
    assert overlap.shape == (13, 7, 7)


def test_boxes_equal_the_loop_over_detections(feats):
    head = build(dict(test_cfg=dict(final_nms=None)))
    classified = super(module.D2DetRoIHead, head).predict_bbox(
        feats, [s.metainfo for s in samples(GTS, GTS)], proposals(9, 4), head.test_cfg
    )
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    for i, (before, after) in enumerate(zip(classified, results, strict=True)):
        assert len(before) > len(before.bboxes.unique(dim=0))
        for box, found in zip(before.bboxes, after.bboxes, strict=True):
            rois = torch.cat([torch.tensor([float(i)]), box])[None]
            predictions = head.reg_head(head.reg_roi_extractor(feats[:2], rois))
            alone = head.reg_head.predict_by_feat(predictions, box[None])
            alone = module.clip_bboxes(alone, (100, 120))[0]
            torch.testing.assert_close(found, alone, atol=1e-4, rtol=0)


def test_an_roi_of_several_classes_is_localised_once(feats):
    head = build(dict(test_cfg=dict(final_nms=None, max_per_img=30)))
    head.test_cfg.nms.iou_threshold = 1.0
    passed = []
    head.reg_head.register_forward_hook(lambda *args: passed.append(len(args[1][0])))
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    assert passed == [9 + 4]
    assert [len(result) for result in results] == [27, 12]


def test_shared_head_is_refused():
    with pytest.raises(ValueError, match='D2DetRoIHead has no shared_head'):
        build(dict(shared_head=dict(type='ResLayer', depth=50)))


def test_classification_head_with_boxes_is_refused():
    with pytest.raises(ValueError, match='with_reg=False'):
        build(dict(bbox_head=dict(with_reg=True)))

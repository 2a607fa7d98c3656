"""Predictions of the CPM R-CNN head; its training is in test_cpm_roi_head.py."""

import pytest
import torch
from samples.cpm_rcnn import build
from samples.roi_heads import GTS, STRIDES, proposals, samples

from mmdet_plus.models.roi_heads import cpm_roi_head as module
from mmdet_plus.models.task_modules.bbox_geometry import clip_bboxes


@pytest.fixture
def feats():
    torch.manual_seed(1)
    # One level more than the RoI extractors read, as FPN has.
    return tuple(torch.randn(2, 8, 128 // s, 128 // s) for s in (*STRIDES, 16))


def test_predictions_are_clipped_sorted_and_typed(feats):
    results = build().predict(feats, proposals(9, 4), samples(GTS, GTS))
    for result in results:
        assert len(result) > 0
        assert (result.bboxes >= 0).all()
        assert (result.bboxes[:, 0::2] <= 120).all()
        assert (result.bboxes[:, 1::2] <= 100).all()
        assert (result.bboxes[:, 2:] > result.bboxes[:, :2]).all()
        assert (result.scores.diff() <= 0).all()
        assert result.labels.dtype == torch.long
        assert set(result.labels.tolist()) <= {0, 1, 2}


def test_stages_refine_one_after_the_other(feats, monkeypatch):
    head = build(**{'test_cfg.gamma': None})
    for shift, stage in zip((1, 10, 20), head.grid_heads, strict=True):
        monkeypatch.setattr(
            stage, 'predict_by_feat', lambda _, boxes, shift=shift: boxes + shift
        )
    data = samples(GTS, GTS)
    metas = [sample.metainfo for sample in data]
    classified = super(module.CPMRoIHead, head).predict_bbox(
        feats, metas, proposals(9, 4), head.test_cfg
    )
    by_stage = head.candidates(feats, metas, proposals(9, 4), head.test_cfg, [1, 2, 3])
    for read, shift in ((1, 1), (2, 11), (3, 31)):
        head.test_cfg['test_stage'] = read
        results = head.predict(feats, proposals(9, 4), data)
        for i, before in enumerate(classified):
            moved = clip_bboxes(before.bboxes + shift, (100, 120))
            torch.testing.assert_close(results[i].bboxes, moved)
            torch.testing.assert_close(results[i].scores, before.scores)
            torch.testing.assert_close(by_stage[read - 1][i].bboxes, moved)


def test_stages_read_features_of_their_rois_as_they_are(feats, monkeypatch):
    # Enlarged by the mapping ratio are the heat maps alone.
    head = build()
    rois_of_stages = []
    extract = head.grid_roi_extractor.forward

    def record(x, rois):
        rois_of_stages.append(rois[:, 1:])
        return extract(x, rois)

    monkeypatch.setattr(head.grid_roi_extractor, 'forward', record)
    for stage in head.grid_heads:
        monkeypatch.setattr(stage, 'predict_by_feat', lambda _, boxes: boxes + 1)
    boxes = torch.cat([own.bboxes for own in proposals(9, 4)])
    data = samples(GTS, GTS)
    head(feats, proposals(9, 4), data)
    assert len(rois_of_stages) == 3
    for rois in rois_of_stages:
        torch.testing.assert_close(rois, boxes)
        boxes = clip_bboxes(boxes + 1, data[0].img_shape)


@pytest.mark.parametrize(('cfg', 'gamma'), [(dict(gamma=0.6), 0.6), ({}, 0.8)])
def test_scores_are_fused_and_rank(feats, cfg, gamma):
    head = build()
    own, data = tuple(f[:1] for f in feats), samples(GTS)
    head.test_cfg.update(cfg)
    ((rated,),) = head.candidates(
        own, [data[0].metainfo], proposals(9), head.test_cfg, [3]
    )
    expected = (rated.cls_scores * rated.ious) ** gamma
    expected = expected * rated.rsm_scores ** (1 - gamma)
    order = expected.argsort(descending=True, stable=True)
    found = head.predict(own, proposals(9), data)[0]
    torch.testing.assert_close(found.scores, expected[order])
    torch.testing.assert_close(found.bboxes, rated.bboxes[order])
    assert found.labels.equal(rated.labels[order])
    assert not order.equal(torch.arange(len(order)))


def test_candidates_equal_the_loop_over_boxes(feats):
    head = build()
    data, cfg = samples(GTS, GTS), head.test_cfg
    metas = [sample.metainfo for sample in data]
    classified = super(module.CPMRoIHead, head).predict_bbox(
        feats, metas, proposals(9, 4), cfg
    )
    (rated,) = head.candidates(feats, metas, proposals(9, 4), cfg, [3])
    for i, image in enumerate(classified):
        for k in range(len(image)):
            rois = torch.cat([torch.tensor([[float(i)]]), image.bboxes[k : k + 1]], 1)
            for stage in head.grid_heads:
                predictions = stage(head.grid_roi_extractor(feats[:2], rois))
                box = stage.predict_by_feat(predictions, rois[:, 1:])
                rois = torch.cat([rois[:, :1], clip_bboxes(box, (100, 120))], 1)
            torch.testing.assert_close(
                rated[i].bboxes[k], rois[0, 1:], atol=1e-3, rtol=0
            )
            iou = head.iou_head(predictions.local_feats)[0, 1].clamp(0, 1)
            torch.testing.assert_close(rated[i].ious[k], iou, atol=1e-4, rtol=0)
            logits, _ = head.rsm_head(head.bbox_roi_extractor(feats[:2], rois))
            rsm = logits.softmax(1)[0, image.labels[k]]
            torch.testing.assert_close(rated[i].rsm_scores[k], rsm, atol=1e-4, rtol=0)
        assert rated[i].labels.equal(image.labels)
        assert rated[i].cls_scores.equal(image.scores)


def test_an_roi_of_several_classes_is_localised_once(feats):
    head = build(**{'test_cfg.nms.iou_threshold': 1.0, 'test_cfg.max_per_img': 30})
    passed = []
    for stage in head.grid_heads:
        stage.register_forward_hook(lambda *args: passed.append(len(args[1][0])))
    head.rsm_head.register_forward_hook(lambda *args: passed.append(len(args[1][0])))
    found = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    assert passed == [9 + 4] * 4
    assert [len(result) for result in found] == [27, 12]


def test_rsm_reads_the_final_boxes(feats, monkeypatch):
    head = build()
    seen = []
    logits_of = head._rsm_logits

    def logits(x, rois):
        seen.append(rois)
        return logits_of(x, rois)

    monkeypatch.setattr(head, '_rsm_logits', logits)
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    assert len(seen) == 1
    for i, result in enumerate(results):
        own = seen[0][seen[0][:, 0] == i, 1:]
        assert {tuple(b) for b in own.tolist()} == {
            tuple(b) for b in result.bboxes.tolist()
        }


def test_earlier_stages_do_without_the_iou_head(feats, monkeypatch):
    head = build(rsm_head=None)

    def fail(*_):
        raise AssertionError('the last stage alone has an IoU head')

    monkeypatch.setattr(head.iou_head, 'forward', fail)
    head.test_cfg['test_stage'] = 2
    results = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    head.test_cfg['gamma'] = None
    plain = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    for result, expected in zip(results, plain, strict=True):
        torch.testing.assert_close(result.scores, expected.scores)


def test_soft_nms_lowers_scores_of_duplicates(feats):
    soft = build()
    before = soft.predict(feats, proposals(9, 4), samples(GTS, GTS))[0]
    soft.test_cfg['final_nms'] = dict(type='soft_nms', iou_threshold=0.5)
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


@pytest.mark.parametrize('change', [{}, {'test_cfg.score_thr': 1.0}])
def test_no_proposals_or_detections(change, feats):
    counts = (9, 4) if change else (0, 0)
    results = build(**change).predict(
        feats, proposals(*counts), samples(GTS, GTS), rescale=True
    )
    for result in results:
        assert result.bboxes.shape == (0, 4)
        assert result.scores.shape == (0,)
        assert result.labels.shape == (0,)


def test_batch_of_two_is_two_of_one(feats):
    head = build()
    data = samples(GTS, GTS)
    # Each image is clipped to its own size and rescaled by its own factors.
    data[1].set_metainfo(dict(img_shape=(50, 80), scale_factor=(0.5, 0.25)))
    both = head.predict(feats, proposals(9, 4), data, rescale=True)
    for i, together in enumerate(both):
        own = tuple(f[i : i + 1] for f in feats)
        alone = head.predict(own, proposals(9, 4)[i : i + 1], data[i : i + 1], True)[0]
        torch.testing.assert_close(alone.bboxes, together.bboxes)
        torch.testing.assert_close(alone.scores, together.scores)

import pytest
import torch
from mmdet.structures.bbox import bbox2roi
from samples.d2det import MASK_HEAD, build, features
from samples.roi_heads import GTS, proposals, samples

SOFT = dict(type='soft_nms', iou_threshold=0.3)


@pytest.fixture
def feats():
    return features()


def both(final_nms=None, **test_cfg):
    """A head of one pass, and one of two passes with the same weights."""
    change = dict(
        mask_head=MASK_HEAD,
        test_cfg=dict(mask_thr_binary=0.5, final_nms=final_nms, **test_cfg),
    )
    one = build(change | dict(type='SinglePassD2DetRoIHead'))
    two = build(change)
    # Masks fill the boxes that they are pasted into.
    for head in (one, two):
        torch.nn.init.constant_(head.mask_head.conv_logits.bias, 9.0)
    two.load_state_dict(one.state_dict())
    return one, two


def extent(mask):
    rows, columns = mask.nonzero().unbind(1)
    return torch.stack([columns.min(), rows.min(), columns.max(), rows.max()]).float()


@pytest.mark.parametrize('final_nms', [None, SOFT])
def test_boxes_are_those_of_two_passes(final_nms, feats):
    one, two = both(final_nms)
    results = one.predict(feats, proposals(9, 4), samples(GTS, GTS))
    expected = two.predict(feats, proposals(9, 4), samples(GTS, GTS))
    for a, b in zip(results, expected, strict=True):
        assert set(a.keys()) == set(b.keys())
        assert torch.equal(a.bboxes, b.bboxes)
        assert torch.equal(a.scores, b.scores)
        assert torch.equal(a.labels, b.labels)


def test_features_are_read_once(feats):
    one, _ = both()
    seen = []
    one.reg_roi_extractor.register_forward_hook(lambda *args: seen.append(args[1][1]))
    one.predict(feats, proposals(9, 4), samples(GTS, GTS))
    assert len(seen) == 1


@pytest.mark.parametrize('scale', [1.0, 0.5])
def test_masks_lie_in_their_proposals(scale, feats):
    one, _ = both()
    given = proposals(9, 4)
    data = samples(GTS, GTS, scale=scale)
    results = one.predict(feats, given, data, rescale=True)
    moved = 0
    for result, own in zip(results, given, strict=True):
        for box, mask in zip(result.bboxes, result.masks, strict=True):
            found = extent(mask)
            distances = (own.bboxes / scale - found).abs().amax(dim=1)
            assert distances.min() < 3
            moved += bool((box - found).abs().max() > 3)
    assert moved > 5  # where boxes are localised elsewhere, masks stay


@pytest.mark.parametrize('final_nms', [None, SOFT])
def test_each_mask_is_rated_by_the_features_of_its_own_proposal(final_nms, feats):
    one, _ = both(final_nms)
    given = proposals(9, 4)
    results = one.predict(feats, given, samples(GTS, GTS))
    rois = bbox2roi([own.bboxes for own in given])
    predictions = one.reg_head(one.reg_roi_extractor(feats[:2], rois))
    localised = one.reg_head.predict_by_feat(predictions, rois[:, 1:])
    for i, result in enumerate(results):
        of_image = (rois[:, 0] == i).nonzero().squeeze(1)
        for k in range(len(result)):
            distances = (localised[of_image] - result.bboxes[k]).abs().amax(dim=1)
            row = of_image[distances.argmin()]
            local_feats = predictions.local_feats[row][None]
            _, iou = one.mask_head(local_feats, result.labels[k : k + 1])
            expected = result.scores[k] + 0.3 * iou[0]
            torch.testing.assert_close(result.mask_scores[k], expected)


@pytest.mark.parametrize('counts', [(0, 0), (0, 4), (9, 4)])
def test_no_detections_have_no_masks(counts, feats):
    one, _ = both(**({} if 0 in counts else dict(score_thr=1.0)))
    results = one.predict(feats, proposals(*counts), samples(GTS, GTS))
    assert results[0].masks.shape == (0, 100, 120)
    assert results[0].mask_scores.shape == (0,)


def test_detections_of_another_head_get_masks_on_their_boxes(feats):
    one, two = both()
    metas = [sample.metainfo for sample in samples(GTS, GTS)]
    detections = [
        head.predict_bbox(feats, metas, proposals(9, 4), head.test_cfg)
        for head in (two, two)
    ]
    results = one.predict_mask(feats, metas, detections[0])
    expected = two.predict_mask(feats, metas, detections[1])
    for a, b in zip(results, expected, strict=True):
        assert torch.equal(a.masks, b.masks)
        assert torch.equal(a.mask_scores, b.mask_scores)


def test_without_mask_head_nothing_is_kept(feats):
    one = build(dict(type='SinglePassD2DetRoIHead'))
    result = one.predict(feats, proposals(9, 4), samples(GTS, GTS))[0]
    assert set(result.keys()) == {'bboxes', 'scores', 'labels'}

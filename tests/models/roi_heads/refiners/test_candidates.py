"""The boxes before and after NMS, of RoI heads and of whole detectors."""

import pytest
import torch
from samples.dcr import (
    NUM_CLASSES,
    build,
    detector_config,
    images,
    mask_config,
    samples,
)

from mmdet_plus.models.roi_heads.refiners.candidates import (
    CandidatesAfterNMS,
    CandidatesBeforeNMS,
    CandidatesFromProposals,
    Request,
    candidates_at,
)

METAS = [sample.metainfo for sample in samples(1, 1)]


@pytest.fixture(scope='module')
def detector():
    return build(detector_config()).eval()


@torch.no_grad()
def found(detector, candidates, rescale=False):
    given = samples(1, 1, scale=0.5)
    return candidates.of_detector(detector, images(), given, rescale)


def test_before_suppression_all_proposals_have_all_scores(detector):
    for own in found(detector, CandidatesBeforeNMS()):
        assert own.scores.shape == (20, NUM_CLASSES + 1)
        assert own.bboxes.shape == (20, NUM_CLASSES * 4)
        torch.testing.assert_close(own.scores.sum(dim=1), torch.ones(20))


def test_after_suppression_they_are_the_results(detector):
    given = samples(1, 1, scale=0.5)
    with torch.no_grad():
        expected = detector.predict(images(), given, rescale=True)
    results = found(detector, CandidatesAfterNMS(), rescale=True)
    for own, sample in zip(results, expected, strict=True):
        assert len(own) > 5
        assert own.bboxes.equal(sample.pred_instances.bboxes)
        assert own.scores.equal(sample.pred_instances.scores)


@pytest.mark.parametrize('candidates', [CandidatesBeforeNMS(), CandidatesAfterNMS()])
def test_an_roi_head_gives_what_its_detector_gives(detector, candidates):
    with torch.no_grad():
        x = detector.extract_feat(images())
        proposals = detector.rpn_head.predict(x, samples(1, 1), rescale=False)
        request = Request(METAS, detector.test_cfg.rcnn)
        own = candidates.of_roi_head(detector.roi_head, x, proposals, request)
    for first, second in zip(own, found(detector, candidates), strict=True):
        assert first.bboxes.equal(second.bboxes)
        assert first.scores.equal(second.scores)


def test_training_boxes_have_one_class(detector):
    before = CandidatesBeforeNMS()
    raw = found(detector, before)
    for own, one in zip(raw, before.for_training(raw), strict=True):
        assert one.scores.equal(own.scores[:, :-1].max(dim=1).values)
        assert one.bboxes.shape == (20, 4)
    after = found(detector, CandidatesAfterNMS())
    assert CandidatesAfterNMS().for_training(after) is after


def test_proposals_come_without_opinion(detector):
    boxes = found(detector, CandidatesFromProposals())
    with torch.no_grad():
        x = detector.extract_feat(images())
        proposals = detector.rpn_head.predict(x, samples(1, 1), rescale=False)
    for own, proposed in zip(boxes, proposals, strict=True):
        assert own.bboxes.equal(proposed.bboxes)
        assert own.scores.equal(torch.ones(20, NUM_CLASSES + 1))


def test_places():
    assert isinstance(candidates_at('pre_nms'), CandidatesBeforeNMS)
    assert isinstance(candidates_at('post_nms'), CandidatesAfterNMS)
    with pytest.raises(ValueError, match="pre_nms, post_nms, proposals, got 'nms'"):
        candidates_at('nms')


def test_what_a_detector_must_have(detector):
    CandidatesBeforeNMS().check_detector(detector)
    with_masks = build(mask_config())
    CandidatesAfterNMS().check_detector(with_masks)
    with pytest.raises(ValueError, match="masks need refine_at='post_nms'"):
        CandidatesBeforeNMS().check_detector(with_masks)

"""DCR V2: what an RoI head with a refiner predicts."""

import copy

import pytest
import torch
from samples.dcr import (
    NUM_CLASSES,
    assert_same_detections,
    build,
    detector_config,
    images,
    mask_config,
    predict,
    refiner_config,
    samples,
    share_weights,
    shared_config,
)

pytestmark = pytest.mark.usefixtures('without_compilation')


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
@pytest.mark.parametrize('rescale', [False, True])
def test_identity_is_the_base_bit_for_bit(refine_at, rescale):
    base = build(detector_config())
    model = build(shared_config(dict(type='StubRefiner'), refine_at))
    share_weights(model, base)
    expected = predict(base, samples(2, 2, scale=0.7), rescale)
    found = predict(model, samples(2, 2, scale=0.7), rescale)
    assert_same_detections(found, expected)


def test_batch_of_two_equals_two_of_one():
    model = build(shared_config(refiner_config()))
    both = predict(model, samples(2, 2))
    for i in range(2):
        with torch.no_grad():
            alone = model.predict(images()[i : i + 1], samples(2), rescale=False)
        found = alone[0].pred_instances
        torch.testing.assert_close(found.bboxes, both[i].bboxes, rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(found.scores, both[i].scores, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('top_p', [0, 0.5])
def test_top_sampling_keeps_the_other_scores(top_p):
    base = build(detector_config())
    model = build(shared_config(refiner_config(top_p=top_p)))
    share_weights(model, base)
    expected, found = predict(base, samples(2, 2)), predict(model, samples(2, 2))
    same = all(
        torch.equal(a.scores, b.scores) for a, b in zip(expected, found, strict=True)
    )
    assert same is (top_p == 0)


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
def test_masks_are_those_of_the_base(refine_at):
    base = build(mask_config())
    stub = dict(type='StubRefiner')
    model = build(shared_config(stub, refine_at, mask_config()))
    share_weights(model, base)
    expected = predict(base, samples(2, 2, scale=0.5), rescale=True)
    found = predict(model, samples(2, 2, scale=0.5), rescale=True)
    for own, other in zip(found, expected, strict=True):
        assert other.masks.any()
        assert torch.equal(own.bboxes, other.bboxes)
        assert torch.equal(own.masks, other.masks)


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
def test_thresholds_are_those_of_the_test_cfg(refine_at):
    cfg = shared_config(refiner_config(), refine_at)
    cfg.test_cfg.rcnn.max_per_img = 2
    assert [len(own) for own in predict(build(cfg), samples(2, 2))] == [2, 2]


@pytest.mark.parametrize('fusion', ['multiply', 'average'])
@pytest.mark.parametrize('top_p', [1.0, 0.5])
def test_results_are_those_of_all_boxes_refined(fusion, top_p):
    cfg = shared_config(dict(type='StubRefiner', fusion=fusion, top_p=top_p))
    model = build(cfg).eval()
    wave = torch.tensor([1.3, 1.7, 2.1, 2.9])
    model.refiner.predict = lambda inputs, rois: (
        (9 * (rois[:, 1:] * wave).sin()).softmax(dim=1),
        None,
    )
    with torch.no_grad():
        x = model._features(images())[1]
        proposals = model.rpn_head.predict(x, samples(2, 2), rescale=False)
        metas = [sample.metainfo for sample in samples(2, 2)]
        base = model.roi_head.training_boxes(x, proposals, metas)
    threshold = torch.cat([own.scores for own in base]).quantile(0.8)
    if fusion == 'average':
        threshold = (threshold + 1) / 2
    model.roi_head.test_cfg.score_thr = float(threshold)
    found = predict(model, samples(2, 2))
    counts = []
    refine = model.refiner.refine

    def refine_all(inputs, bboxes, scores, score_thr):
        few = refine(inputs, bboxes, scores, score_thr)
        everything = refine(inputs, bboxes, scores)
        counts.append([sum(len(own.indices) for own in n) for n in (few, everything)])
        return everything

    model.refiner.refine = refine_all
    expected = predict(model, samples(2, 2))
    ((few, everything),) = counts
    assert 0 < few < everything
    for own, other in zip(found, expected, strict=True):
        assert own.labels.tolist() == other.labels.tolist()
        torch.testing.assert_close(own.bboxes, other.bboxes)
        torch.testing.assert_close(own.scores, other.scores)
    assert sum(map(len, found)) > 0


def test_copies_give_the_same():
    model = build(shared_config(refiner_config()))
    found, copied = (predict(m, samples(2, 2)) for m in (model, copy.deepcopy(model)))
    for own, other in zip(found, copied, strict=True):
        assert torch.equal(own.scores, other.scores)
    with torch.no_grad():
        inputs, levels = copy.deepcopy(model._features(images()))
    assert len(inputs.stages) == 4
    assert len(levels) == 5


def test_raw_outputs_and_config_stay():
    cfg = shared_config(refiner_config())
    before = copy.deepcopy(cfg)
    model = build(cfg).eval()
    assert cfg == before
    with torch.no_grad():
        outputs = model(images(), samples(2, 2), mode='tensor')
    assert outputs[0][-1][0].probs.shape[1] == NUM_CLASSES + 1


def test_raw_outputs_are_of_the_best_boxes():
    model = build(shared_config(refiner_config(top_p=0.25))).eval()
    with torch.no_grad():
        inputs, x = model._features(images())
        proposals = model.rpn_head.predict(x, samples(2, 2), rescale=False)
        metas = [sample.metainfo for sample in samples(2, 2)]
        found = model.roi_head.training_boxes(x, proposals, metas)
        refined = model.roi_head(x, proposals, samples(2, 2), inputs=inputs)[-1]
    for own, refinement in zip(found, refined, strict=True):
        best = own.scores.topk(len(refinement.indices)).indices
        assert 0 < len(best) < len(own)
        assert refinement.indices.tolist() == sorted(best.tolist())

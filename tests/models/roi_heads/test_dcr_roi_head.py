"""DCR V2: an RoI head and its refiner in a small detector."""

import copy

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from samples.dcr import (
    GTS,
    LABELS,
    NUM_CLASSES,
    box_iou,
    build,
    crop_config,
    detector_config,
    images,
    mask_config,
    random_samples,
    refiner_config,
    samples,
    shared_config,
)

from mmdet_plus.engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast


@pytest.fixture(autouse=True)
def _without_compilation():
    """oneDNN compiles a kernel for every new shape, which takes longest by far."""
    with torch.backends.mkldnn.flags(enabled=False):
        yield


def predict(model, given, rescale=False):
    model.eval()
    with torch.no_grad():
        return [s.pred_instances for s in model.predict(images(), given, rescale)]


def share_weights(model, base):
    """Give a detector with refiner the weights of one without."""
    weights = {
        name.replace('roi_head.', 'roi_head.base.'): value
        for name, value in base.state_dict().items()
    }
    missing, unexpected = model.load_state_dict(weights, strict=False)
    assert unexpected == []
    assert all('refiner' in name for name in missing)


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
@pytest.mark.parametrize('rescale', [False, True])
def test_identity_is_the_base_bit_for_bit(refine_at, rescale):
    base = build(detector_config())
    model = build(shared_config(dict(type='StubRefiner'), refine_at))
    share_weights(model, base)
    expected = predict(base, samples(2, 2, scale=0.7), rescale)
    found = predict(model, samples(2, 2, scale=0.7), rescale)
    for own, other in zip(found, expected, strict=True):
        assert len(own) > 5
        assert torch.equal(own.bboxes, other.bboxes)
        assert torch.equal(own.scores, other.scores)
        assert torch.equal(own.labels, other.labels)


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
def test_oracle_removes_every_hard_false_positive(refine_at):
    def hard(model):
        (first, _) = predict(model, samples(2, 2))
        ious, objects = box_iou(first.bboxes, GTS).max(dim=1)
        right = (ious >= 0.5) & (LABELS[objects] == first.labels)
        return int((~right & (first.scores >= 0.3)).sum())

    with_stub = build(shared_config(dict(type='StubRefiner'), refine_at))
    with_oracle = build(shared_config(dict(type='OracleRefiner'), refine_at))
    with_oracle.load_state_dict(with_stub.state_dict())
    assert hard(with_stub) > 0
    assert hard(with_oracle) == 0


@pytest.mark.parametrize('frozen', [-1, 1])
def test_gradients_of_the_refiner_reach_shared_stages_and_nothing_else(frozen):
    model = build(shared_config(refiner_config(), frozen_stages=frozen))
    model.train()
    losses = model.loss(images(), samples(2, 1))
    losses['loss_dcr_cls'].backward()
    reached = {
        name.split('.refiner')[0].split('.')[0] if 'refiner' not in name else 'refiner'
        for name, p in model.named_parameters()
        if p.grad is not None and p.grad.abs().sum() > 0
    }
    assert reached == ({'refiner'} if frozen == 1 else {'backbone', 'refiner'})
    own = {
        name.split('.')[1]
        for name, p in model.named_parameters()
        if name.startswith('backbone') and p.grad is not None
    }
    assert own == (set() if frozen == 1 else {'conv1', 'bn1', 'layer1'})


def test_all_losses_train_everything():
    model = build(shared_config(refiner_config(with_reg=True)))
    model.train()
    losses = model.loss(images(), samples(2, 0))
    assert {'loss_cls', 'loss_bbox', 'loss_dcr_cls', 'loss_dcr_bbox'} < set(losses)
    total, _ = model.parse_losses(losses)
    total.backward()
    missing = [n for n, p in model.named_parameters() if p.grad is None]
    assert missing == []


def test_candidates_leave_batch_norms_and_modes_as_they_are():
    cfg = shared_config(refiner_config())
    head = cfg.roi_head.bbox_head
    head.update(
        type='ConvFCBBoxHead',
        num_shared_convs=1,
        num_shared_fcs=1,
        conv_out_channels=16,
        norm_cfg=dict(type='BN'),
    )
    model = build(cfg)
    model.train()
    norm = model.roi_head.base.bbox_head.shared_convs[0].bn
    modes = {name: part.training for name, part in model.named_modules()}
    x = model.extract_feat(images())
    proposals = model.rpn_head.predict(x, samples(2, 2), rescale=False)
    metas = [sample.metainfo for sample in samples(2, 2)]
    before = norm.running_mean.clone()
    found = model.roi_head.training_boxes(x, proposals, metas)
    assert torch.equal(norm.running_mean, before)
    assert modes == {name: part.training for name, part in model.named_modules()}
    assert all(len(own) > 0 and not own.bboxes.requires_grad for own in found)


def test_number_of_candidates_is_bounded():
    cfg = shared_config(refiner_config())
    cfg.max_candidates = 3
    model = build(cfg)
    model.train()
    seen = []
    sample = model.refiner.sampler.sample

    def record(candidates, *args):
        seen.append(len(candidates))
        return sample(candidates, *args)

    model.refiner.sampler.sample = record
    model.loss(images(), samples(1, 0))
    assert seen == [3, 3]


def test_the_pool_may_be_what_the_head_samples(monkeypatch):
    cfg = shared_config(refiner_config())
    cfg.candidate_pool = 'sampled'
    cfg.train_cfg.rcnn.sampler.num = 6
    model = build(cfg).train()
    pools = []
    boxes = model.roi_head.training_boxes

    def record(x, proposals, metas):
        pools.append([own.bboxes for own in proposals])
        return boxes(x, proposals, metas)

    monkeypatch.setattr(model.roi_head, 'training_boxes', record)
    model.loss(images(), samples(2, 0))
    ((first, second),) = pools
    assert len(first) == len(second) == 6
    # The sampler takes objects as RoIs.
    assert {*map(tuple, GTS.tolist())} & {*map(tuple, first.tolist())}


def test_pools_that_there_are_not():
    cfg = shared_config(refiner_config())
    cfg.candidate_pool = 'everything'
    with pytest.raises(ValueError, match="proposals, sampled, got 'everything'"):
        build(cfg)


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
def test_no_proposals(refine_at):
    model = build(shared_config(refiner_config(), refine_at)).eval()
    inputs, x = model._features(images())
    given = samples(0, 2)
    none = model.rpn_head.predict(x, given, rescale=False)
    with torch.no_grad():
        results = model.roi_head.predict(
            x, [own[:0] for own in none], given, inputs=inputs
        )
    assert [len(own) for own in results] == [0, 0]
    assert results[0].bboxes.shape == (0, 4)
    model.train()
    losses = model.roi_head.loss(x, [own[:0] for own in none], given, inputs=inputs)
    assert losses['loss_dcr_cls'].isfinite()


def test_bfloat16_losses_and_results_are_finite():
    model = build(shared_config(refiner_config()))
    model.train()
    with bfloat16_autocast(model):
        losses = model.loss(images(), samples(2, 1))
        total, _ = model.parse_losses(losses)
        found = predict(model, samples(2, 2))
    assert total.isfinite()
    assert all(own.bboxes.isfinite().all() for own in found)


def test_training_boxes_are_in_pixels_of_the_network_input():
    model = build(shared_config(refiner_config(), 'post_nms')).train()
    losses = []
    for scale in (1.0, 0.5):
        torch.manual_seed(2)
        given = samples(2, 1, scale=scale)
        losses.append(model.loss(images(), given)['loss_dcr_cls'])
    assert torch.equal(*losses)


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


def test_proposals_may_come_with_the_data():
    cfg = shared_config(refiner_config())
    cfg.rpn_head = cfg.train_cfg.rpn_proposal = cfg.train_cfg.rpn = None
    model = build(cfg)
    given = samples(2)
    given[0].proposals = InstanceData(bboxes=GTS)
    losses = model.loss(images(1), copy.deepcopy(given))
    assert losses['loss_dcr_cls'] > 0
    model.eval()
    with torch.no_grad():
        (found,) = model.predict(images(1), given)
    assert len(found.pred_instances) > 0


def test_copies_give_the_same():
    model = build(shared_config(refiner_config()))
    found, copied = (predict(m, samples(2, 2)) for m in (model, copy.deepcopy(model)))
    for own, other in zip(found, copied, strict=True):
        assert torch.equal(own.scores, other.scores)
    with torch.no_grad():
        inputs, levels = copy.deepcopy(model._features(images()))
    assert len(inputs.stages) == 4
    assert len(levels) == 5


def test_classes_are_those_of_the_head():
    cfg = shared_config(refiner_config())
    del cfg.refiner.num_classes
    assert build(cfg).refiner.num_classes == NUM_CLASSES


def test_a_whole_head_may_be_given():
    model = build(shared_config(refiner_config()))
    cfg = detector_config()
    cfg.type = 'SharedBaseDCR'
    cfg.roi_head = dict(type='DCRRoIHead', base=cfg.roi_head, refiner=refiner_config())
    whole = build(cfg)
    whole.load_state_dict(model.state_dict())
    for own, other in zip(
        predict(model, samples(2, 2)), predict(whole, samples(2, 2)), strict=True
    ):
        assert torch.equal(own.scores, other.scores)


def test_crop_refiner_trains_end_to_end_too():
    model = build(shared_config(crop_config()))
    model.train()
    losses = model.loss(images(), samples(2, 1))
    losses['loss_dcr_cls'].backward()
    assert model.backbone.conv1.weight.grad is None
    assert model.refiner.backbone.conv1.weight.grad.abs().sum() > 0


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


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
def test_losses_of_any_batch_are_finite_and_have_the_same_names(refine_at):
    model = build(shared_config(refiner_config(with_reg=True), refine_at)).train()
    names = set()
    for seed in range(30):
        losses = model.loss(images(), random_samples(seed))
        total, log = model.parse_losses(losses)
        assert total.isfinite(), seed
        names.add(tuple(log))
        total.backward()
    assert len(names) == 1
    assert all(p.grad.isfinite().all() for p in model.parameters())


def test_losses_without_any_proposal_have_the_same_names():
    model = build(shared_config(refiner_config())).train()
    given = samples(0, 0)
    inputs, x = model._features(images())
    none = [InstanceData(bboxes=torch.zeros(0, 4)) for _ in given]
    losses = model.roi_head.loss(x, none, given, inputs=inputs)
    usual = model.loss(images(), samples(2, 2))
    assert set(losses) == {name for name in usual if 'rpn' not in name}


def test_errors():
    cfg = shared_config(refiner_config())
    cfg.roi_head.bbox_head.with_reg = False
    with pytest.raises(ValueError, match="set refine_at='post_nms'"):
        build(cfg)
    with pytest.raises(ValueError, match="pre_nms, post_nms, proposals, got 'never'"):
        build(shared_config(refiner_config(), 'never'))
    cfg = shared_config(refiner_config())
    del cfg.refiner
    with pytest.raises(ValueError, match='SharedBaseDCR needs a refiner'):
        build(cfg)
    with pytest.raises(ValueError, match='num_classes is 7, and the detector has 3'):
        build(shared_config(ConfigDict(refiner_config(), num_classes=7)))

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
    predict,
    random_samples,
    refiner_config,
    samples,
    shared_config,
)

from mmdet_plus.engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast

pytestmark = pytest.mark.usefixtures('without_compilation')


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

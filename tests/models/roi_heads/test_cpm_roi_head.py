import pytest
import torch
from mmdet.structures.bbox import bbox_overlaps
from mmengine.structures import InstanceData
from samples.cpm_rcnn import build
from samples.roi_heads import GTS, STRIDES, proposals, samples

from mmdet_plus.engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast
from mmdet_plus.models.task_modules.bbox_geometry import clip_bboxes

OFF = {
    '': {},
    'no ISM': dict(iou_head=None),
    'no RSM': dict(rsm_head=None),
    'one stage': dict(num_stages=1),
    'nothing': dict(num_stages=1, iou_head=None, rsm_head=None),
}
NONE = torch.empty(0, 4)


@pytest.fixture
def feats():
    torch.manual_seed(1)
    # One level more than the RoI extractors read, as FPN has.
    return tuple(torch.randn(2, 8, 128 // s, 128 // s) for s in (*STRIDES, 16))


def keys_of(head):
    keys = {'loss_cls', 'acc', *(f's{i}.loss_grid' for i in range(head.num_stages))}
    keys |= set() if head.iou_head is None else {'loss_iou'}
    return keys | (set() if head.rsm_head is None else {'rsm.loss_cls', 'rsm.acc'})


def total(losses):
    return sum(loss for name, loss in losses.items() if 'loss' in name)


def spy(monkeypatch, head, shift=0.0):
    """Record what each stage trains on; refined boxes are the RoIs, moved."""
    seen = []
    for stage in head.grid_heads:
        loss = stage.loss

        def record(predictions, bboxes, gts, loss=loss):
            seen.append((bboxes, gts))
            return loss(predictions, bboxes, gts)

        monkeypatch.setattr(stage, 'loss', record)
        monkeypatch.setattr(stage, 'predict_by_feat', lambda _, boxes: boxes + shift)
    return seen


@pytest.mark.parametrize('name', OFF)
def test_every_parameter_learns(name, feats):
    head = build(**OFF[name])
    losses = head.loss(feats, proposals(20, 20), samples(GTS, GTS))
    assert losses.keys() == keys_of(head)
    total(losses).backward()
    for parameter_name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize('name', ['', 'nothing'])
@pytest.mark.parametrize('counts', [(0, 0), (5, 0)])
def test_images_without_objects_keep_all_keys(name, counts, feats):
    head = build(**OFF[name])
    losses = head.loss(feats, proposals(*counts), samples(NONE, NONE))
    assert losses.keys() == keys_of(head)
    assert all(loss.isfinite().all() for loss in losses.values())
    assert losses['s0.loss_grid'] == 0
    total(losses).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_a_stage_without_boxes_keeps_all_keys(feats):
    # No box is above, not even the ground truth itself.
    head = build(**{'train_cfg.stage_iou_thrs': (1.0, 1.0)})
    losses = head.loss(feats, proposals(20, 20), samples(GTS, GTS))
    assert losses.keys() == keys_of(head)
    assert losses['s0.loss_grid'] > 0
    assert losses['s1.loss_grid'] == losses['s2.loss_grid'] == losses['loss_iou'] == 0
    total(losses).backward()
    assert all(p.grad is not None for p in head.parameters())


@pytest.mark.parametrize('size', [(1, 1), (100, 1)])
def test_images_of_one_pixel(size, feats):
    head = build()
    data = samples(torch.tensor([[0.0, 0, size[1], size[0]]]))
    data[0].set_metainfo(dict(img_shape=size))
    boxes = torch.tensor([[0.0, 0, size[1], size[0]], [0, 0, 0, 0]])
    found = [InstanceData(bboxes=boxes, scores=torch.ones(2))]
    own = tuple(f[:1] for f in feats)
    losses = head.loss(own, found, data)
    assert losses.keys() == keys_of(head)
    assert all(loss.isfinite().all() for loss in losses.values())
    assert losses['s0.loss_grid'] == 0  # smaller than the grid
    result = head.predict(own, found, data)[0]
    assert len(result) > 0
    assert result.bboxes.isfinite().all()
    assert (result.bboxes >= 0).all()
    assert (result.bboxes <= torch.tensor([size[1], size[0]] * 2)).all()


def test_first_stage_trains_on_the_positives_of_the_sampler(feats, monkeypatch):
    head = build(num_stages=1)
    seen = spy(monkeypatch, head)
    head.loss(feats, proposals(20, 20), samples(GTS, GTS + 1))
    bboxes, gts = seen[0]
    assert len(bboxes) == 16  # 8 of each image
    assert bbox_overlaps(bboxes, gts, is_aligned=True).min() >= 0.5


def test_at_most_so_many_rois_of_an_image_train_a_stage(feats, monkeypatch):
    head = build(**{'train_cfg.max_grid_rois': 3})
    seen = spy(monkeypatch, head)
    head.loss(feats, proposals(20, 20), samples(GTS, GTS + 1))
    for bboxes, gts in seen:
        assert len(bboxes) == len(gts) == 6
        assert bbox_overlaps(bboxes, gts, is_aligned=True).min() >= 0.5


def test_released_limit_is_the_default(feats, monkeypatch):
    head = build(num_stages=1)
    seen = spy(monkeypatch, head)
    sampled = head.train_cfg.copy()
    sampled['sampler']['num'] = 400
    head.train_cfg = sampled
    head.init_assigner_sampler()
    head.loss(feats, proposals(200, 150), samples(GTS, GTS))
    assert len(seen[0][0]) == 192


def test_later_stages_train_on_refined_boxes_of_high_iou(feats, monkeypatch):
    head = build()
    seen = spy(monkeypatch, head, shift=2.0)
    head.loss(feats, proposals(20, 20), samples(GTS, GTS + 1))
    first, second, third = (bboxes for bboxes, _ in seen)
    for (before, _), (after, gts), threshold in zip(
        seen, seen[1:], (0.6, 0.7), strict=False
    ):
        ious = bbox_overlaps(after, gts, is_aligned=True)
        assert ious.min() > threshold
        # Moved by the stage before, unless they are ground truth.
        moved = (after[:, None] == before[None] + 2).all(-1).any(1)
        given = (after == gts).all(1)
        assert (moved | given).all()
        assert given.sum() == 4
        assert moved.any()
    # Some were not good enough, and different ones of the first stage and the second.
    assert len(second) < len(first) + 4
    assert len(third) < len(second) + 4


def test_stages_are_weighted_and_see_their_own_rois(feats):
    losses = []
    for weights in ((1, 0.5, 0.25), (2, 1, 3)):
        head = build(stage_loss_weights=weights)
        torch.manual_seed(5)
        losses.append(head.loss(feats, proposals(20, 20), samples(GTS, GTS)))
    for stage, factor in enumerate((2, 2, 12)):
        key = f's{stage}.loss_grid'
        torch.testing.assert_close(losses[1][key], factor * losses[0][key])


def test_mapping_ratios_are_those_of_the_stages():
    assert [h.mapping_ratio for h in build().grid_heads] == [2, 1.5, 1.25]
    assert [h.mapping_ratio for h in build(num_stages=2).grid_heads] == [2, 1.5]
    head = build(mapping_ratios=(2.0, 2.0, 2.0))
    assert [h.mapping_ratio for h in head.grid_heads] == [2, 2, 2]


def test_no_gradient_between_stages(feats):
    head = build(rsm_head=None)
    losses = head.loss(feats, proposals(20, 20), samples(GTS, GTS))
    # The targets of the IoU head are made from the boxes of the stage before.
    (losses['s2.loss_grid'] + losses['loss_iou']).backward()
    reached = [
        any(p.grad is not None for p in stage.parameters()) for stage in head.grid_heads
    ]
    assert reached == [False, False, True]


def test_iou_head_rates_the_rois_of_the_last_stage(feats, monkeypatch):
    head = build()
    seen = spy(monkeypatch, head)
    read, predicted, rated = [], [], []
    head.grid_heads[2].register_forward_hook(
        lambda *args: predicted.append(args[2].local_feats)
    )
    head.iou_head.register_forward_hook(lambda *args: read.append(args[1][0]))
    monkeypatch.setattr(
        head.iou_head, 'loss', lambda _, boxes, gts: rated.append((boxes, gts)) or {}
    )
    head.loss(feats, proposals(20, 20), samples(GTS, GTS))
    bboxes, gts = rated[0]
    assert bboxes.equal(seen[2][0])
    assert gts.equal(seen[2][1])
    assert read[0] is predicted[0]
    assert len(read[0]) == len(bboxes) > 0


def rsm_training(head, feats, found, data):
    """RoIs that the RSM reads in training, and their labels."""
    rois, labels = [], []
    head.bbox_roi_extractor.register_forward_hook(lambda *args: rois.append(args[1][1]))
    loss = head.rsm_head.loss

    def record(logits, _, __, targets, weights, *args):
        labels.append(targets)
        assert (weights == 1).all()
        return loss(logits, None, None, targets, weights, *args)

    head.rsm_head.loss = record
    losses = head.loss(feats, found, data)
    assert losses['rsm.loss_cls'] > 0
    return rois[-1], labels[0]


def test_rsm_trains_on_final_boxes_and_rpn_negatives(feats):
    head = build(**{'train_cfg.rsm_iou_thr': 0.2})
    far = torch.tensor([[0.0, 80, 20, 100], [100, 80, 120, 100]])
    found = [
        InstanceData(bboxes=torch.cat([own.bboxes, far])) for own in proposals(20, 20)
    ]
    final = []
    head.grid_heads[2].register_forward_hook(lambda *args: final.append(args[2]))
    rated = []
    head.iou_head.loss = lambda _, boxes, gts: rated.append(boxes) or {}
    data = samples(GTS, GTS.flip(0))
    rois, labels = rsm_training(head, feats, found, data)
    localised = head.grid_heads[2].predict_by_feat(final[0], rated[0])
    localised = clip_bboxes(localised, (100, 120))
    assert localised.shape[0] < len(rois)
    # Rows of each image: final boxes, then negatives.
    is_final = (rois[:, None, 1:] == localised[None]).all(-1).any(1)
    assert is_final.sum() == len(localised)
    for i, sample in enumerate(data):
        own = rois[:, 0] == i
        gts = sample.gt_instances
        ious, objects = bbox_overlaps(rois[own, 1:], gts.bboxes).max(dim=1)
        on_object = is_final[own] & (ious >= 0.2)
        assert labels[own].equal(torch.where(on_object, gts.labels[objects], 3))
        negatives = rois[own & ~is_final, 1:]
        assert (negatives[:, None] == far[None]).all(-1).any()
    assert {0, 1, 3} <= set(labels.tolist())


def test_released_rsm_trains_on_the_boxes_that_the_last_stage_reads(feats):
    head = build(**{'train_cfg.rsm_boxes': 'input'})
    rated = []
    head.iou_head.loss = lambda _, boxes, gts: rated.append(boxes) or {}
    rois, labels = rsm_training(head, feats, proposals(20, 20), samples(GTS, GTS))
    is_input = (rois[:, None, 1:] == rated[0][None]).all(-1).any(1)
    assert is_input.sum() >= len(rated[0]) > 0
    # Among them is the ground truth, which no stage has moved.
    assert (labels[is_input] < 3).any()


def test_rsm_losses_stay_without_any_roi(feats):
    losses = build().loss(feats, proposals(0, 0), samples(NONE, NONE))
    assert losses['rsm.loss_cls'] == 0
    assert 'rsm.acc' in losses


def test_final_boxes_are_objects_from_an_iou(feats, monkeypatch):
    head = build(**{'train_cfg.rsm_iou_thr': 0.99})
    seen = spy(monkeypatch, head)  # the last stage returns its RoIs
    labels = []
    monkeypatch.setattr(
        head.rsm_head, 'loss', lambda *args: labels.append(args[3]) or {}
    )
    head.loss(feats, proposals(20, 20), samples(GTS, GTS + 1))
    ious = bbox_overlaps(*seen[2], is_aligned=True)
    assert ious.min() < 0.99
    assert (labels[0] < 3).sum() == (ious >= 0.99).sum() > 0


def test_bfloat16_autocast(feats):
    head = build()
    half = tuple(f.bfloat16() for f in feats)
    with bfloat16_autocast(head):
        losses = head.loss(half, proposals(20, 20), samples(GTS, GTS))
        results = head.predict(half, proposals(9, 4), samples(GTS, GTS))
        raw = head(half, proposals(9, 4), samples(GTS, GTS))
    assert all(out.isfinite().all() for out in raw)
    assert all(v.isfinite().all() for v in losses.values())
    assert losses['s0.loss_grid'].dtype == torch.float32
    assert all(r.bboxes.dtype == torch.float32 for r in results)


def test_forward_returns_classes_and_all_stages(feats):
    classes, *heatmaps = build()(feats, proposals(9, 4), samples(GTS, GTS))
    assert classes.shape == (13, 4)
    assert [h.shape for h in heatmaps] == [(13, 9, 28, 28)] * 3


@pytest.mark.parametrize('mode', ['loss', 'predict'])
def test_hooks_see_every_head_that_runs(mode, feats):
    head = build()
    heads = [head.bbox_head, *head.grid_heads, head.iou_head, head.rsm_head]
    seen = []
    for module_ in heads:
        module_.register_forward_hook(lambda module, *_: seen.append(module))
    getattr(head, mode)(feats, proposals(20, 20), samples(GTS, GTS))
    assert set(seen) == set(heads)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r'num_stages.* 3.*got 4'):
        build(num_stages=4)
    with pytest.raises(ValueError, match=r'num_stages.*got 0'):
        build(num_stages=0)
    with pytest.raises(ValueError, match=r'stage_loss_weights.*3 values'):
        build(stage_loss_weights=(1, 0.5))
    with pytest.raises(ValueError, match=r'stage_iou_thrs.*2 values'):
        build(**{'train_cfg.stage_iou_thrs': (0.6,)})
    for stage in (0, 4):
        with pytest.raises(ValueError, match=rf'test_stage.*from 1 to 3, got {stage}'):
            build(**{'test_cfg.test_stage': stage})
    for name in ('mask_head', 'shared_head'):
        with pytest.raises(ValueError, match=f'no {name}'):
            build(**{name: dict(type='FCNMaskHead')})
    with pytest.raises(ValueError, match=r"rsm_boxes must be .* got 'all'"):
        build(**{'train_cfg.rsm_boxes': 'all'})
    with pytest.raises(ValueError, match=r'test_cfg.gamma .* got 3'):
        build(**{'test_cfg.gamma': 3})
    for name in ('bbox_head', 'rsm_head'):
        with pytest.raises(ValueError, match=f'{name}.with_reg=False'):
            build(**{f'{name}.with_reg': True})


def test_the_config_is_not_edited(feats):
    head = build()
    before = head.test_cfg.to_dict(), head.train_cfg.to_dict()
    head.loss(feats, proposals(20, 20), samples(GTS, GTS))
    head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    assert before == (head.test_cfg.to_dict(), head.train_cfg.to_dict())

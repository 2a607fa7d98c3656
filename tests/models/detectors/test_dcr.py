"""DCR V1: a frozen detector and a refiner."""

import copy
from pathlib import Path

import pytest
import torch
from mmdet.apis import init_detector
from mmdet.structures.bbox import bbox2roi
from mmengine.config import ConfigDict
from samples.dcr import (
    GTS,
    LABELS,
    NUM_CLASSES,
    assert_same_detections,
    box_iou,
    build,
    crop_config,
    detector_config,
    images,
    mask_config,
    refiner_config,
    samples,
)

from mmdet_plus.models.roi_heads.refiners.box_refiner import RefinerInputs

CONFIGS = Path(__file__).parents[3] / 'configs' / 'dcr'

pytestmark = pytest.mark.usefixtures('without_compilation')


def single_stage():
    """A small detector without RoI head."""
    anchors = dict(
        type='AnchorGenerator',
        octave_base_scale=4,
        scales_per_octave=1,
        ratios=[1.0],
        strides=[8, 16, 32],
    )
    return ConfigDict(
        type='RetinaNet',
        backbone=dict(type='ResNet', depth=18, base_channels=8),
        neck=dict(
            type='FPN',
            in_channels=[8, 16, 32, 64],
            out_channels=16,
            start_level=1,
            num_outs=3,
        ),
        bbox_head=dict(
            type='RetinaHead',
            num_classes=NUM_CLASSES,
            in_channels=16,
            feat_channels=16,
            stacked_convs=1,
            anchor_generator=anchors,
        ),
        test_cfg=dict(
            nms_pre=50,
            score_thr=0.0,
            nms=dict(type='nms', iou_threshold=0.5),
            max_per_img=20,
        ),
    )


def frozen_config(refiner, detector=None, **changes):
    return ConfigDict(
        type='FrozenBaseDCR',
        detector=detector or detector_config(),
        refiner=refiner,
        **changes,
    )


def flat_config(refiner, **changes):
    """That with the detector's keys beside the refiner."""
    own = detector_config()
    detector = own.pop('type')
    return ConfigDict(
        own, type='FrozenBaseDCR', detector=detector, refiner=refiner, **changes
    )


def predict(model, given, rescale=False):
    model.eval()
    with torch.no_grad():
        return [s.pred_instances for s in model.predict(images(), given, rescale)]


@pytest.mark.parametrize('rescale', [False, True])
@pytest.mark.parametrize(
    ('detector', 'refine_at'),
    [
        (detector_config, 'pre_nms'),
        (detector_config, 'post_nms'),
        (single_stage, 'post_nms'),
    ],
)
def test_identity_is_the_detector_bit_for_bit(detector, refine_at, rescale):
    base = build(detector())
    stub = dict(type='StubRefiner')
    model = build(frozen_config(stub, detector(), refine_at=refine_at))
    model.detector.load_state_dict(base.state_dict())
    expected = predict(base, samples(2, 2, scale=0.7), rescale)
    found = predict(model, samples(2, 2, scale=0.7), rescale)
    assert_same_detections(found, expected)


@pytest.mark.parametrize(
    ('detector', 'refine_at'),
    [(detector_config, 'pre_nms'), (single_stage, 'post_nms')],
)
def test_oracle_leaves_only_the_truth(detector, refine_at):
    base = detector()
    if refine_at == 'pre_nms':
        # Else the boxes of other classes than the best one are elsewhere.
        base.roi_head.bbox_head.reg_class_agnostic = True
    oracle = dict(type='OracleRefiner')
    model = build(frozen_config(oracle, base, refine_at=refine_at))
    for own in predict(model, samples(2, 2)):
        certain = own[own.scores > 0]
        ious, objects = box_iou(certain.bboxes, GTS).max(dim=1)
        assert (ious >= 0.5).all()
        assert torch.equal(LABELS[objects], certain.labels)


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
def test_only_the_refiner_trains(refine_at):
    model = build(frozen_config(crop_config(), refine_at=refine_at))
    model.train()
    assert not model.detector.training
    assert not any(part.training for part in model.detector.modules())
    assert model.refiner.training
    before = copy.deepcopy(model.detector.state_dict())
    given = samples(2, 0)
    losses = model.loss(images(), given)
    assert set(losses) == {'loss_dcr_cls', 'acc_dcr'}
    losses['loss_dcr_cls'].backward()
    assert all(p.grad is None for p in model.detector.parameters())
    assert all(p.grad is not None for p in model.refiner.parameters())
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=1.0)
    optimizer.step()
    after = model.detector.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert 'pred_instances' not in given[0]


def test_detector_comes_from_a_checkpoint(tmp_path):
    base = build(detector_config())
    torch.manual_seed(5)
    for param in base.parameters():
        torch.nn.init.normal_(param)
    path = tmp_path / 'base.pth'
    torch.save(dict(state_dict=base.state_dict()), path)
    model = build(frozen_config(crop_config(), detector_checkpoint=str(path)))
    for name, value in base.state_dict().items():
        if not name.endswith(('fc_cls.weight', 'fc_reg.weight')):  # see build
            assert torch.equal(model.detector.state_dict()[name], value)


def test_a_checkpoint_that_does_not_fit_is_refused(tmp_path):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict=build(single_stage()).state_dict()), path)
    with pytest.raises(ValueError, match=r'other\.pth has other .*rpn_head') as caught:
        build(frozen_config(crop_config(), detector_checkpoint=str(path)))
    assert len(str(caught.value)) < 1500


def test_scores_are_products_of_both_networks():
    model = build(frozen_config(crop_config(), single_stage(), refine_at='post_nms'))
    base = predict(model.detector, samples(2, 2))
    found = predict(model, samples(2, 2))
    for i, own in enumerate(base):
        rois = torch.cat([torch.full((len(own), 1), i), own.bboxes], dim=1)
        with torch.no_grad():
            probs = model.refiner.predict(RefinerInputs(images()), rois)[0]
        expected = own.scores * probs.gather(1, own.labels[:, None])[:, 0]
        order = expected.argsort(descending=True)
        torch.testing.assert_close(found[i].scores, expected[order])


def test_training_boxes_are_in_pixels_of_the_network_input():
    cfg = frozen_config(crop_config(), single_stage(), refine_at='post_nms')
    model = build(cfg).train()
    losses = []
    for scale in (1.0, 0.5):
        torch.manual_seed(2)
        given = samples(2, 1, scale=scale)
        losses.append(model.loss(images(), given)['loss_dcr_cls'])
    assert torch.equal(*losses)


def test_masks_follow_their_detections():
    cfg = frozen_config(crop_config(), mask_config(), refine_at='post_nms')
    model = build(cfg)
    torch.nn.init.normal_(model.refiner.fc_cls.weight)
    base = predict(model.detector, samples(2, 2, scale=0.5), rescale=True)
    found = predict(model, samples(2, 2, scale=0.5), rescale=True)
    for before, after in zip(base, found, strict=True):
        boxes = before.bboxes.tolist()
        order = [boxes.index(box) for box in after.bboxes.tolist()]
        assert order != sorted(order)
        assert torch.equal(after.masks, before.masks[order])


def test_own_thresholds_after_refinement():
    cfg = dict(score_thr=0.2, nms=dict(type='nms', iou_threshold=0.5), max_per_img=2)
    model = build(frozen_config(dict(type='StubRefiner'), test_cfg=cfg))
    for own in predict(model, samples(2, 2)):
        assert 0 < len(own) <= 2
        assert (own.scores > 0.2).all()


@pytest.mark.parametrize('detector', [detector_config, single_stage])
def test_raw_outputs(detector):
    refine_at = 'pre_nms' if detector is detector_config else 'post_nms'
    model = build(frozen_config(crop_config(), detector(), refine_at=refine_at)).eval()
    with torch.no_grad():
        outputs = model(images(), samples(2, 2), mode='tensor')
    assert outputs[-2].shape == (2, NUM_CLASSES + 1)


def test_state_dict_round_trip_needs_no_other_file():
    first = build(frozen_config(crop_config()))
    second = build(frozen_config(crop_config(), detector_checkpoint=None))
    second.load_state_dict(first.state_dict())
    found = predict(first, samples(2, 2))
    for own, other in zip(predict(second, samples(2, 2)), found, strict=True):
        assert torch.equal(own.scores, other.scores)


def test_errors():
    with pytest.raises(ValueError, match='RetinaNet has no RoI head'):
        build(frozen_config(crop_config(), single_stage()))
    with pytest.raises(ValueError, match="pre_nms, post_nms, proposals, got 'never'"):
        build(frozen_config(crop_config(), refine_at='never'))
    with pytest.raises(ValueError, match="masks need refine_at='post_nms'"):
        build(frozen_config(crop_config(), mask_config()))
    with pytest.raises(ValueError, match='use SharedBaseDCR'):
        build(frozen_config(refiner_config()))


def test_the_detector_may_stand_in_the_same_keys():
    nested = build(frozen_config(crop_config()))
    model = build(flat_config(crop_config()))
    model.load_state_dict(nested.state_dict())
    expected = predict(nested, samples(2, 2))
    for own, other in zip(predict(model, samples(2, 2)), expected, strict=True):
        assert torch.equal(own.scores, other.scores)
    with pytest.raises(TypeError, match='detector is a whole config, got neck too'):
        build(frozen_config(crop_config(), neck=detector_config().neck))


def test_mmdet_finds_the_backbone():
    config = CONFIGS / 'faster-rcnn-dcrv1_r18_fpn_1x_shapes.py'
    model = init_detector(config, device='cpu')
    assert type(model).__name__ == 'FrozenBaseDCR'


def test_an_rcnn_on_proposals_scores_by_itself():
    cfg = flat_config(crop_config(), refine_at='proposals')
    cfg.refiner.sampler.mode = 'rcnn'
    model = build(cfg).train()
    assert model.loss(images(), samples(2, 1))['loss_dcr_cls'] > 0
    found = predict(model, samples(2, 2))
    with torch.no_grad():
        x = model.extract_feat(images())
        proposals = model.detector.rpn_head.predict(x, samples(2, 2), rescale=False)
        rois = bbox2roi([own.bboxes for own in proposals])
        probs = model.refiner.predict(RefinerInputs(images()), rois)[0].split(20)
    for own, proposed, scores in zip(found, proposals, probs, strict=True):
        assert len(own) > 5
        for box, score, label in zip(own.bboxes, own.scores, own.labels, strict=True):
            row = (proposed.bboxes - box).abs().sum(dim=1).argmin()
            assert proposed.bboxes[row].equal(box)
            torch.testing.assert_close(score, scores[row, label])

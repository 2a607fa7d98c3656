import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData
from samples.cpm_rcnn import config as cpm_config
from samples.d2det import config as d2det_config
from samples.dcr import random_samples
from samples.roi_heads import GTS, STRIDES, proposals, samples, train_cfg

import mmdet_plus  # noqa: F401
from mmdet_plus.engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast

LOSS_KEYS = {
    *('loss_fc_cls', 'loss_fc_bbox', 'loss_conv_cls', 'loss_conv_bbox'),
    *('acc_fc', 'acc_conv'),
}
ALIGN = dict(
    type='SingleRoIExtractor',
    roi_layer=dict(type='RoIAlign', output_size=7, sampling_ratio=2),
    out_channels=8,
    featmap_strides=STRIDES,
)
DISCRIMINATIVE = dict(
    type='DiscriminativeRoIExtractor',
    out_channels=8,
    featmap_strides=STRIDES,
    offset_channels=16,
)
HEAD = dict(
    type='DoubleHeadExtBBoxHead',
    in_channels=8,
    fc_out_channels=16,
    conv_out_channels=16,
    num_blocks=2,
    num_classes=3,
)
SINGLE_FC = dict(lambda_fc=0.5, conv_loss_weight=0.0, fusion='fc')
SINGLE_CONV = dict(lambda_conv=0.5, fc_loss_weight=0.0, fusion='conv')
DOUBLE = dict(lambda_fc=1.0, lambda_conv=1.0, fusion='fc')


def config(**roi_head) -> ConfigDict:
    cfg = dict(
        type='DoubleHeadExtRoIHead',
        bbox_roi_extractor=ALIGN,
        bbox_head=HEAD,
        # All proposals, so that chance has no part.
        train_cfg=train_cfg(dict(type='PseudoSampler')),
        test_cfg=dict(
            score_thr=0.0, nms=dict(type='nms', iou_threshold=0.9), max_per_img=20
        ),
    )
    return ConfigDict({**cfg, **roi_head})


def build(bbox_head=None, **roi_head):
    torch.manual_seed(0)
    cfg = config(**roi_head)
    cfg.bbox_head = {**cfg.bbox_head, **(bbox_head or {})}
    head = MODELS.build(cfg)
    head.init_weights()
    for name, parameter in head.bbox_head.named_parameters():
        # So that boxes move and attention attends.
        if '_reg' in name or 'conv_out' in name:
            torch.nn.init.normal_(parameter, std=0.1)
    return head


@pytest.fixture
def feats():
    torch.manual_seed(1)
    # One level more than the RoI extractors read, as FPN has.
    return tuple(torch.randn(2, 8, 128 // s, 128 // s) for s in (*STRIDES, 16))


@pytest.mark.parametrize(
    'change', [{}, SINGLE_FC, SINGLE_CONV, DOUBLE, 'discriminative', 'same RoI']
)
@pytest.mark.parametrize('counts', [(20, 20), (5, 0), (0, 0)])
def test_every_parameter_takes_part(change, counts, feats):
    if change == 'discriminative':
        head = build(bbox_roi_extractor=DISCRIMINATIVE)
    elif change == 'same RoI':
        head = build(reg_roi_scale_factor=1.0)
    else:
        head = build(change)
    gts = GTS if counts == (20, 20) else torch.empty(0, 4)
    given = proposals(*counts)
    losses = head.loss(feats, given, samples(gts, gts))
    expected = {
        key
        for key, exists in (
            ('loss_fc_cls', head.bbox_head.fc_cls),
            ('acc_fc', head.bbox_head.fc_cls),
            ('loss_fc_bbox', head.bbox_head.fc_reg),
            ('loss_conv_cls', head.bbox_head.conv_cls),
            ('acc_conv', head.bbox_head.conv_cls),
            ('loss_conv_bbox', head.bbox_head.conv_reg),
        )
        if exists is not None
    }
    assert losses.keys() == expected
    assert all(value.isfinite().all() for value in losses.values())
    boxes = [value for key, value in losses.items() if 'bbox' in key]
    assert all((value > 0) == (counts == (20, 20)) for value in boxes)
    sum(v for k, v in losses.items() if 'loss' in k).backward()
    assert [n for n, p in head.named_parameters() if p.grad is None] == []
    assert all('bboxes' in own for own in given)  # the caller's proposals are whole


def test_all_keys_by_default(feats):
    losses = build().loss(feats, proposals(20, 20), samples(GTS, GTS))
    assert losses.keys() == LOSS_KEYS


def mmdet_twin(head):
    """MMDetection's Double-Head with the weights of ``head``."""
    cfg = config(
        type='DoubleHeadRoIHead',
        reg_roi_scale_factor=1.3,
        bbox_head=dict(
            type='DoubleConvFCBBoxHead',
            num_convs=1,
            num_fcs=2,
            in_channels=8,
            num_classes=3,
            conv_out_channels=16,
            fc_out_channels=16,
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=2.0),
            loss_bbox=dict(type='SmoothL1Loss', loss_weight=2.5),
        ),
    )
    twin = MODELS.build(cfg)
    names = {
        'fc_branch.0': 'fc_branch.0',
        'fc_branch.2': 'fc_branch.1',
        'conv_branch.0': 'res_block',
        'conv_branch.1': 'conv_branch.0',
        'conv_reg': 'fc_reg',
        'fc_cls': 'fc_cls',
    }
    state = {}
    for name, value in head.bbox_head.state_dict().items():
        (start,) = (own for own in names if name.startswith(f'{own}.'))
        state[names[start] + name[len(start) :]] = value
    twin.bbox_head.load_state_dict(state)
    return twin


def test_plain_double_head_equals_mmdets(feats):
    head = build({**DOUBLE, 'with_non_local': False})
    twin = mmdet_twin(head)
    ours = head.loss(feats, proposals(20, 9), samples(GTS, GTS))
    theirs = twin.loss(feats, proposals(20, 9), samples(GTS, GTS))
    assert ours.keys() == {'loss_fc_cls', 'acc_fc', 'loss_conv_bbox'}
    torch.testing.assert_close(ours['loss_fc_cls'], theirs['loss_cls'])
    torch.testing.assert_close(ours['loss_conv_bbox'], theirs['loss_bbox'])
    torch.testing.assert_close(ours['acc_fc'], theirs['acc'])
    given = (feats, proposals(9, 4), samples(GTS, GTS, scale=0.5))
    for model in (head, twin):
        model.eval()
    expected = twin.predict(*given, rescale=True)
    for a, b in zip(head.predict(*given, rescale=True), expected, strict=True):
        assert len(a) == len(b) > 0
        torch.testing.assert_close(a.bboxes, b.bboxes)
        torch.testing.assert_close(a.scores, b.scores)
        assert torch.equal(a.labels, b.labels)


def test_only_the_conv_heads_rois_are_enlarged(feats):
    head = build(reg_roi_scale_factor=1.5)
    rois = torch.tensor([[0, 20.0, 20, 60, 60], [1, 8, 8, 24, 40]])
    # About the centres; both stay on the finest level.
    larger = torch.tensor([[0, 10.0, 10, 70, 70], [1, 4, 0, 28, 48]])
    fc_feats, conv_feats = head.roi_feats(feats, rois)
    levels = feats[:2]
    torch.testing.assert_close(fc_feats, head.bbox_roi_extractor(levels, rois))
    torch.testing.assert_close(conv_feats, head.bbox_roi_extractor(levels, larger))


def test_a_single_head_takes_its_own_features_only(feats):
    rois = torch.tensor([[0, 20.0, 20, 60, 60]])
    fc_feats, conv_feats = build(SINGLE_FC).roi_feats(feats, rois)
    assert fc_feats.shape == (1, 8, 7, 7)
    assert conv_feats is None
    fc_feats, conv_feats = build(SINGLE_CONV).roi_feats(feats, rois)
    assert fc_feats is None
    assert conv_feats.shape == (1, 8, 7, 7)
    fc_feats, conv_feats = build(reg_roi_scale_factor=1.0).roi_feats(feats, rois)
    assert fc_feats is conv_feats


def test_detections_use_fused_scores_and_boxes_of_the_conv_head(feats):
    head = build(dict(fusion='complementary')).eval()
    rois = torch.tensor([[0, 20.0, 20, 60, 60]])
    results = head._bbox_forward(feats, rois)
    outputs = results['outputs']
    fc, conv = outputs.fc_cls_logits.softmax(1), outputs.conv_cls_logits.softmax(1)
    torch.testing.assert_close(results['cls_score'], fc + conv * (1 - fc))
    assert results['bbox_pred'] is outputs.conv_bbox_deltas
    given = [InstanceData(bboxes=rois[:, 1:])]
    found = head.predict(feats, given, samples(GTS))[0]
    torch.testing.assert_close(
        found.scores, results['cls_score'][0, :3].sort(descending=True).values
    )
    raw_scores, raw_boxes = head(feats, given)
    torch.testing.assert_close(raw_scores, results['cls_score'])
    torch.testing.assert_close(raw_boxes, results['bbox_pred'])


def test_no_proposals_or_detections(feats):
    for head, counts in (
        (build(), (0, 0)),
        (build(test_cfg=ConfigDict({**config().test_cfg, 'score_thr': 1.0})), (9, 0)),
    ):
        for result in head.predict(feats, proposals(*counts), samples(GTS, GTS)):
            assert result.bboxes.shape == (0, 4)
            assert result.scores.shape == result.labels.shape == (0,)


def test_batch_of_two_is_two_of_one(feats):
    head = build().eval()
    both = head.predict(feats, proposals(9, 4), samples(GTS, GTS))
    for i, together in enumerate(both):
        own = tuple(f[i : i + 1] for f in feats)
        alone = head.predict(own, proposals(9, 4)[i : i + 1], samples(GTS))[0]
        assert len(alone) > 0
        torch.testing.assert_close(alone.bboxes, together.bboxes)
        torch.testing.assert_close(alone.scores, together.scores)


def test_bfloat16_autocast(feats):
    head = build()
    half = tuple(f.bfloat16() for f in feats)
    with bfloat16_autocast(head):
        losses = head.loss(half, proposals(20, 20), samples(GTS, GTS))
        results = head.predict(half, proposals(9, 4), samples(GTS, GTS))
    assert all(value.isfinite().all() for value in losses.values())
    assert all(r.bboxes.dtype == torch.float32 and len(r) > 0 for r in results)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(reg_roi_scale_factor=0), 'reg_roi_scale_factor must be positive, got 0'),
        (dict(mask_head=dict(type='FCNMaskHead')), 'no mask_head'),
        (dict(shared_head=dict(type='ResLayer')), 'no shared_head'),
    ],
)
def test_errors(change, message):
    with pytest.raises(ValueError, match=message):
        build(**change)


FILTER = 'mmdet_plus.models.roi_heads.double_head_ext_roi_head.without_flat_objects'


def test_objects_without_area_spoil_no_loss(feats, monkeypatch):
    """The sampler takes objects as RoIs: their offsets to themselves are 0 / 0."""
    sampler = dict(type='RandomSampler', num=64, pos_fraction=1.0)  # adds objects
    head = build(train_cfg={**config().train_cfg, 'sampler': sampler})
    flat = torch.tensor([[20.0, 20, 20, 50], [30, 40, 60, 40], [9, 9, 9, 9]])
    maps = [level[:1] for level in feats]
    with_flat = samples(torch.cat([GTS, flat]))
    bad, clean = (
        head.loss(maps, proposals(9), given) for given in (with_flat, samples(GTS))
    )
    for name, value in bad.items():
        assert value.isfinite().all(), name
        torch.testing.assert_close(value, clean[name])
    monkeypatch.setattr(FILTER, lambda given: given)
    unfiltered = head.loss(maps, proposals(9), with_flat)
    assert unfiltered['loss_fc_bbox'].isnan()
    assert unfiltered['loss_conv_bbox'].isnan()


def test_losses_of_any_batch_are_finite_and_have_the_same_names():
    sampler = dict(type='RandomSampler', num=16, pos_fraction=0.25)
    head = build(train_cfg={**config().train_cfg, 'sampler': sampler})
    torch.manual_seed(0)
    feats = [torch.randn(2, 8, 16 // s, 24 // s) for s in (1, 2)]
    names = set()
    for seed in range(30):
        given = random_samples(seed)
        num = 3 * (seed % 2)
        proposals = [InstanceData(bboxes=GTS.repeat(num, 1)[:num]) for _ in given]
        losses = head.loss(feats, proposals, given)
        names.add(tuple(losses))
        total = sum(value for key, value in losses.items() if 'loss' in key)
        assert total.isfinite(), seed
        total.backward()
    assert len(names) == 1
    assert all(p.grad.isfinite().all() for p in head.parameters())


def stages(cfg):
    own = {k: cfg[k] for k in ('bbox_roi_extractor', 'bbox_head')}
    return dict(own, type='CascadeRoIHead', num_stages=2, stage_loss_weights=[1, 0.5])


@pytest.mark.parametrize(
    'owner',
    [
        lambda cfg: dict(cfg, type='StandardRoIHead'),
        lambda cfg: dict(cfg, type='DoubleHeadRoIHead', reg_roi_scale_factor=1.3),
        stages,
        lambda cfg: dict(d2det_config(), bbox_head=cfg.bbox_head),
        lambda cfg: dict(cpm_config(), bbox_head=cfg.bbox_head),
        lambda cfg: dict(cpm_config(), rsm_head=cfg.bbox_head),
    ],
)
def test_roi_heads_that_give_one_feature_are_refused(owner):
    with pytest.raises(ValueError, match='which only DoubleHeadExtRoIHead gives: set'):
        MODELS.build(owner(config()))

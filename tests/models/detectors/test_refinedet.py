import copy
from types import SimpleNamespace

import pytest
import torch
from mmdet.engine.hooks import NumClassCheckHook
from mmdet.registry import MODELS
from mmengine.config import ConfigDict
from samples.refinedet import (
    BORDER,
    CHANNELS,
    KEYS,
    OBJECTS,
    SIZE,
    build,
    config,
    filter_everything,
    finite_gradients,
    images,
    samples,
)


def test_losses_and_gradients():
    model = build()
    losses = model.loss(images(), samples(OBJECTS, BORDER))
    assert set(losses) == KEYS
    sum(losses.values()).backward()
    assert finite_gradients(model)
    assert all(loss > 0 for loss in losses.values())


def test_detection_does_not_train_refinement():
    model = build()
    losses = model.loss(images(), samples(OBJECTS, BORDER))
    (losses['loss_cls'] + losses['loss_bbox']).backward()
    assert all(p.grad is None for p in model.arm_head.parameters())
    assert model.backbone.features[0].weight.grad.abs().sum() > 0
    assert model.neck.lateral_convs[0][0].conv.weight.grad.abs().sum() > 0


def test_detection_learns_from_refined_anchors():
    model = build()
    before = model.loss(images(), samples(OBJECTS, BORDER))
    for conv in model.arm_head.reg_convs:
        torch.nn.init.constant_(conv.bias, 1.0)
    after = model.loss(images(), samples(OBJECTS, BORDER))
    assert after['loss_bbox'] != before['loss_bbox']


def test_boxes_come_from_refined_anchors():
    model = filter_everything(build(negative_threshold=1.0)).eval()
    for conv in (*model.arm_head.reg_convs, *model.bbox_head.reg_convs):
        torch.nn.init.zeros_(conv.weight)
        torch.nn.init.zeros_(conv.bias)
    for conv in model.arm_head.reg_convs:
        conv.bias.data[0::4] = 5.0  # half a width to the right
    for conv in model.bbox_head.reg_convs:
        conv.bias.data[1::4] = 2.5  # a quarter of a height down
    x = images(1)
    kept, (refined,) = model.arm_head.predict(model.backbone(x))
    (result,) = model.predict(x, samples([]), rescale=False)
    heights = refined[:, 3:] - refined[:, 1:2]
    shift = torch.cat([0 * heights, heights / 4] * 2, dim=1)
    expected = (refined + shift).clamp(0, SIZE)
    bboxes = result.pred_instances.bboxes
    distance = (bboxes[:, None] - expected).abs().amax(dim=2).amin(dim=1)
    assert kept.all()
    assert len(result.pred_instances) == 20
    assert distance.max() < 1e-3


def test_raw_outputs_of_both_heads():
    outputs = build()(images(1), mode='tensor')
    assert [level[0].shape[1] for level in outputs] == [6, 12, 12, 12]


def test_config_is_left_as_it_is():
    cfg = config()
    before = copy.deepcopy(cfg)
    MODELS.build(cfg)
    assert cfg == before


def test_nothing_is_stored_in_a_step():
    model = build()
    before = {n: set(vars(m)) for n, m in model.named_modules()}
    model.loss(images(), samples(OBJECTS, []))
    model.eval().predict(images(), samples([], []))
    assert {n: set(vars(m)) for n, m in model.named_modules()} == before


@pytest.mark.parametrize(
    'change',
    [
        dict(ratios=[1.0]),
        dict(center_offset=0.0),
        # The same boxes further apart.
        dict(strides=[16, 32, 64, 128], base_sizes=[8, 16, 32, 64]),
        dict(strides=[8, 16, 32]),
    ],
)
def test_different_anchors_are_refused(change):
    cfg = config()
    anchors = dict(
        type='AnchorGenerator',
        strides=[8, 16, 32, 64],
        ratios=[0.5, 1.0, 2.0],
        scales=[4],
        center_offset=0.5,
    )
    cfg.bbox_head.anchor_generator = anchors
    MODELS.build(cfg)
    cfg.bbox_head.anchor_generator = {**anchors, **change}
    cfg.bbox_head.in_channels = [8] * len(cfg.bbox_head.anchor_generator.strides)
    with pytest.raises(ValueError, match='must have the same anchor_generator'):
        MODELS.build(cfg)


def test_boxes_return_in_pixels_of_the_original_image():
    model, x, truth = build().eval(), images(1), samples([])
    truth[0].set_metainfo(dict(scale_factor=(2.0, 4.0)))
    (scaled,) = model.predict(x, copy.deepcopy(truth))
    (plain,) = model.predict(x, copy.deepcopy(truth), rescale=False)
    best = plain.pred_instances.bboxes[:1]
    expected = best / torch.tensor([2.0, 4, 2, 4])
    torch.testing.assert_close(scaled.pred_instances.bboxes[:1], expected)


def test_ignored_objects_train_if_they_shall():
    ordinary, apart = samples(OBJECTS, OBJECTS), samples(OBJECTS, [])
    for sample, other in zip(apart, ordinary, strict=True):
        difficult = other.gt_instances[len(sample.gt_instances) :]
        sample.ignored_instances = difficult
    model, x = build(), images()
    expected = model.loss(x, ordinary)
    without = model.loss(x, apart)
    model.train_on_ignored = True
    found = model.loss(x, apart)
    assert len(apart[1].gt_instances) == 0  # the samples stay as they are
    for key in KEYS:
        torch.testing.assert_close(found[key], expected[key])
        assert without[key] != expected[key]
    cfg = config()
    cfg.train_on_ignored = True
    assert MODELS.build(cfg).train_on_ignored


def test_number_of_classes_is_that_of_the_data():
    dataset = SimpleNamespace(metainfo=dict(classes=('a', 'b', 'c')))
    loader = SimpleNamespace(dataset=dataset)
    runner = SimpleNamespace(model=build(), train_dataloader=loader)
    NumClassCheckHook().before_train_epoch(runner)
    dataset.metainfo['classes'] = ('a', 'b')
    with pytest.raises(AssertionError, match='num_classes'):
        NumClassCheckHook().before_train_epoch(runner)


@pytest.mark.parametrize(
    'backbone',
    [
        dict(
            type='ResNet',
            depth=18,
            base_channels=4,
            strides=(2, 2, 2, 2),
            out_indices=(0, 1, 2, 3),
        ),
        dict(type='RefineDetResNet', depth=18, base_channels=4, extra_channels=8),
    ],
)
def test_other_backbones(backbone):
    cfg = config()
    channels = [4, 8, 16, 32] if backbone['type'] == 'ResNet' else [8, 16, 32, 32]
    cfg.backbone = ConfigDict(backbone)
    cfg.neck.update(in_channels=channels, norm_cfg=dict(type='BN'))
    cfg.arm_head.in_channels = channels
    model = MODELS.build(cfg)
    losses = model.loss(images(), samples(OBJECTS, OBJECTS))
    sum(losses.values()).backward()
    assert finite_gradients(model)
    assert len(model.eval().predict(images(1), samples([]))[0].pred_instances) > 0


def test_batch_equals_single_images():
    model, x = build().eval(), images()
    both = model.predict(x, samples([], []))
    for i in range(2):
        (one,) = model.predict(x[i : i + 1], samples([]))
        torch.testing.assert_close(
            one.pred_instances.bboxes, both[i].pred_instances.bboxes, rtol=0, atol=1e-3
        )


def test_state_dict_round_trip():
    model, other = build(), MODELS.build(config())
    other.load_state_dict(model.state_dict())
    for ours, theirs in zip(
        model(images(1), mode='tensor'), other(images(1), mode='tensor'), strict=True
    ):
        torch.testing.assert_close(ours, theirs)


def test_memory_layout_changes_no_values():
    model, x = build().eval(), images(1)
    seen = []
    hook = model.backbone.register_forward_pre_hook(lambda _, args: seen.append(*args))
    (result,) = model.predict(x, samples([]))
    hook.remove()
    assert seen[0].is_contiguous(memory_format=torch.channels_last)
    levels = model.backbone(x)  # as the images lie in memory
    (expected,) = model.bbox_head.predict(
        model.neck(levels), samples([]), refinement=model.arm_head.predict(levels)
    )
    assert levels[0].is_contiguous()
    found = result.pred_instances
    torch.testing.assert_close(found.bboxes, expected.bboxes, rtol=0, atol=1e-3)
    torch.testing.assert_close(found.scores, expected.scores, rtol=1e-4, atol=0)


def with_finer_anchors():
    cfg = config()
    finer = dict(
        type='AnchorGenerator',
        strides=[4, 8, 16, 32],
        ratios=[0.5, 1.0, 2.0],
        scales=[4],
        center_offset=0.5,
    )
    cfg.arm_head.anchor_generator = cfg.bbox_head.anchor_generator = finer
    return cfg


def test_levels_of_other_strides_are_refused_when_built():
    message = r'strides of \[8, 16, 32, 64\], but anchor_generator has \[4, 8, 16, 32\]'
    with pytest.raises(ValueError, match=message):
        MODELS.build(with_finer_anchors())


def test_backbones_without_sizes_are_refused_at_the_first_image(monkeypatch):
    def forward(self, x):
        if x.is_meta:
            raise NotImplementedError
        return whole(self, x)

    kind = MODELS.get('RefineDetVGG')
    whole = kind.forward
    monkeypatch.setattr(kind, 'forward', forward)
    model = MODELS.build(with_finer_anchors())
    with pytest.raises(ValueError, match=r'strides of \[8, 16, 32, 64\]'):
        model.loss(images(), samples(OBJECTS, BORDER))
    with pytest.raises(ValueError, match=r'strides of \[8, 16, 32, 64\]'):
        model.eval().predict(images(), samples([], []))


def test_looking_at_sizes_leaves_the_backbone_as_it_is():
    cfg = config()
    cfg.backbone = dict(type='RefineDetResNet', depth=50, base_channels=4)
    cfg.backbone.update(extra_channels=4)
    torch.manual_seed(0)
    alone = MODELS.build(cfg.backbone).state_dict()
    levels = [32, 64, 128, 16]
    cfg.neck.in_channels = cfg.arm_head.in_channels = levels
    torch.manual_seed(0)
    for name, value in MODELS.build(cfg).backbone.state_dict().items():
        assert torch.equal(value, alone[name])


def test_a_list_of_necks_is_refused():
    cfg = config()
    cfg.neck = [dict(type='FPN', in_channels=CHANNELS, out_channels=8), cfg.neck]
    with pytest.raises(ValueError, match='takes one neck'):
        MODELS.build(cfg)


@pytest.mark.parametrize('head', ['arm_head', 'bbox_head'])
def test_losses_of_sigmoids_are_refused(head):
    cfg = config()
    cfg[head].loss_cls = dict(type='FocalLoss')
    with pytest.raises(ValueError, match='loss_cls FocalLoss is of sigmoids'):
        MODELS.build(cfg)

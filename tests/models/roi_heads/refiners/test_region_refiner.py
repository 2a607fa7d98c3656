import pytest
import torch
from mmdet.models.backbones import RegNet, ResNet
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from samples.dcr import NUM_CLASSES, refiner_config

from mmdet_plus.models.backbones.resnet_tail import ResNetTail
from mmdet_plus.models.roi_heads.refiners.box_refiner import RefinerInputs

ROIS = torch.tensor([[0.0, 4, 4, 40, 40], [1, 10, 0, 60, 64], [1, 30, 30, 50, 60]])


def build(**changes):
    init_default_scope('mmdet')
    torch.manual_seed(0)
    refiner = MODELS.build(refiner_config(**changes))
    refiner.init_weights()
    return refiner.eval()


def stages():
    torch.manual_seed(1)
    return tuple(
        torch.randn(2, 8 * 2**i, 16 // 2**i, 24 // 2**i).requires_grad_()
        for i in range(4)
    )


def inputs():
    return RefinerInputs(torch.zeros(2, 3, 64, 96), stages())


@pytest.mark.parametrize(
    ('shared', 'image'),
    [(s, i) for s in range(1, 5) for i in range(5 - s)],
)
def test_every_split_reads_its_map_only(shared, image):
    refiner = build(num_shared_stages=shared, num_image_stages=image)
    given = inputs()
    outputs = refiner(given, ROIS)
    assert outputs.cls_logits.shape == (3, NUM_CLASSES + 1)
    outputs.cls_logits.square().sum().backward()
    reached = [i for i, stage in enumerate(given.stages) if stage.grad is not None]
    assert reached == [shared - 1]
    assert given.stages[shared - 1].grad.abs().sum() > 0
    assert all(p.grad is not None for p in refiner.parameters())
    assert len(refiner.tail.stages) == 4 - shared
    stride = 2 ** (shared + image + 1)
    layer = refiner.roi_extractor.roi_layers[0]
    assert layer.output_size == (32 // stride,) * 2
    assert layer.spatial_scale == 1 / stride


def test_region_is_the_tail_on_the_pooled_map():
    refiner = build()
    given = inputs()
    pooled = refiner.roi_extractor(given.stages[:1], ROIS)
    last = refiner.tail(pooled)[-1]
    expected = refiner.fc_cls(last.mean(dim=(2, 3)))
    torch.testing.assert_close(refiner(given, ROIS).cls_logits, expected)


def test_chunks_and_batches_change_nothing():
    refiner = build(with_reg=True)
    given = inputs()
    probs, deltas = refiner.predict(given, ROIS)
    torch.testing.assert_close(probs, refiner(given, ROIS).cls_logits.softmax(dim=1))
    refiner.chunk_size = 2
    chunked = refiner.predict(given, ROIS)
    torch.testing.assert_close(chunked[0], probs)
    torch.testing.assert_close(chunked[1], deltas)
    for i in range(2):
        own = ROIS[ROIS[:, 0] == i].clone()
        own[:, 0] = 0
        alone = RefinerInputs(
            given.images[i : i + 1], tuple(s[i : i + 1] for s in given.stages)
        )
        torch.testing.assert_close(
            refiner.predict(alone, own)[0], probs[ROIS[:, 0] == i]
        )


def test_tail_has_the_parameters_of_the_resnet():
    torch.manual_seed(0)
    whole = ResNet(18, base_channels=8)
    tail = ResNetTail(18, first_stage=1, base_channels=8)
    whole.eval()
    tail.eval()
    names = {
        n for n in whole.state_dict() if n.startswith(('layer2', 'layer3', 'layer4'))
    }
    assert set(tail.state_dict()) == names
    tail.load_state_dict({n: whole.state_dict()[n] for n in names})
    outputs = whole(torch.randn(1, 3, 64, 64))
    for own, expected in zip(tail(outputs[0]), outputs[1:], strict=True):
        torch.testing.assert_close(own, expected)


def test_tail_takes_a_pretrained_file(tmp_path):
    whole = ResNet(18, base_channels=8)
    torch.save(dict(state_dict=whole.state_dict()), tmp_path / 'r18.pth')
    init_default_scope('mmdet')
    cfg = refiner_config(num_shared_stages=2)
    cfg.tail.init_cfg = dict(type='Pretrained', checkpoint=str(tmp_path / 'r18.pth'))
    refiner = MODELS.build(cfg)
    refiner.init_weights()
    weight = refiner.tail.layer3[0].conv1.weight
    assert torch.equal(weight, whole.layer3[0].conv1.weight)
    assert not hasattr(refiner.tail, 'layer2')


def test_state_dict_round_trip():
    given = inputs()
    first, second = build(), MODELS.build(refiner_config()).eval()
    second.load_state_dict(first.state_dict())
    assert torch.equal(first.predict(given, ROIS)[0], second.predict(given, ROIS)[0])


def test_batch_norms_learn_unless_frozen():
    for norm_eval in (True, False):
        cfg = refiner_config()
        cfg.tail.norm_eval = norm_eval
        refiner = MODELS.build(cfg)
        refiner.train()
        refiner(inputs(), ROIS)
        moved = refiner.tail.layer2[0].bn1.running_mean.abs().sum() > 0
        assert bool(moved) is not norm_eval


def test_errors():
    with pytest.raises(ValueError, match='num_shared_stages must be 1 to 4, got 0'):
        build(num_shared_stages=0)
    with pytest.raises(ValueError, match='num_image_stages must be 0 to 1'):
        build(num_shared_stages=3, num_image_stages=2)
    with pytest.raises(ValueError, match='first_stage must be 1 to 4, got 0'):
        ResNetTail(18, first_stage=0)


def test_strides_and_channels_are_those_of_the_resnet():
    cfg = refiner_config(num_shared_stages=2, num_image_stages=2)
    cfg.tail.update(strides=(1, 2, 2, 1), dilations=(1, 1, 1, 2))
    refiner = MODELS.build(cfg)
    refiner.check_backbone(
        ResNet(18, base_channels=8, strides=(1, 2, 1, 1), dilations=(1, 1, 2, 4))
    )
    extractor = refiner.roi_extractor
    assert extractor.featmap_strides == [16]
    assert extractor.out_channels == 64
    assert extractor.roi_layers[0].output_size == (2, 2)


@pytest.mark.parametrize(
    ('backbone', 'message'),
    [
        (dict(base_channels=4), 'of 16 channels and stride 8; .* has 8 and 8'),
        (dict(strides=(1, 1, 2, 2)), 'of 16 channels and stride 8; .* has 16 and 4'),
        (dict(out_indices=(1, 2, 3)), r'begin with \(0, 1\), got \(1, 2, 3\)'),
    ],
)
def test_backbones_that_do_not_fit(backbone, message):
    refiner = build(num_shared_stages=2)
    with pytest.raises(ValueError, match=message):
        refiner.check_backbone(ResNet(18, **{'base_channels': 8, **backbone}))
    others = dict(Linear=torch.nn.Linear(1, 1), RegNet=RegNet('regnetx_400mf'))
    for name, other in others.items():
        with pytest.raises(ValueError, match=f'continues a ResNet, not a {name}: use'):
            refiner.check_backbone(other)

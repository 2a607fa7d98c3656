import pytest
import torch
from mmdet.registry import MODELS
from torch import nn

import mmdet_plus  # noqa: F401

THIN = dict(
    type='RefineDetVGG', base_channels=4, fc_channels=16, extra_channels=(6, 12)
)


def build(**kwargs):
    torch.manual_seed(0)
    return MODELS.build({**THIN, **kwargs})


def test_strides_and_widths():
    levels = build()(torch.randn(1, 3, 128, 192))
    shapes = [tuple(level.shape[1:]) for level in levels]
    assert shapes == [(32, 16, 24), (32, 8, 12), (16, 4, 6), (12, 2, 3)]


def test_sizes_round_up():
    levels = build()(torch.randn(1, 3, 97, 65))
    assert [tuple(f.shape[2:]) for f in levels] == [(13, 9), (7, 5), (4, 3), (2, 2)]


def test_published_widths_are_the_defaults():
    backbone = MODELS.build(dict(type='RefineDetVGG'))
    convs = [m for m in backbone.features if isinstance(m, nn.Conv2d)]
    widths = [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6 + [1024] * 2
    assert [conv.out_channels for conv in convs] == widths
    fc6, fc7 = convs[-2:]
    assert (fc6.kernel_size, fc6.dilation, fc7.kernel_size) == ((3, 3), (3, 3), (1, 1))
    first, _, second, _ = backbone.extra
    assert (first.out_channels, first.kernel_size) == (256, (1, 1))
    assert (second.out_channels, second.stride) == (512, (2, 2))
    assert [norm.weight[0].item() for norm in backbone.l2_norms] == [10, 8]


def test_every_convolution_is_rectified():
    backbone = build()
    layers = [*backbone.features, *backbone.extra]
    places = [i for i, layer in enumerate(layers) if isinstance(layer, nn.Conv2d)]
    assert len(places) == 17
    assert all(isinstance(layers[i + 1], nn.ReLU) for i in places)


def test_parameters_fit_those_of_ssd():
    ours = MODELS.build(dict(type='RefineDetVGG')).features.state_dict()
    theirs = MODELS.build(dict(type='SSDVGG', depth=16)).features.state_dict()
    assert {k: v.shape for k, v in ours.items()} == {
        k: v.shape for k, v in theirs.items()
    }


def test_first_two_levels_have_the_learnt_norm():
    backbone = build()
    first, second, *rest = backbone(torch.randn(1, 3, 128, 128))
    for level, scale in ((first, 10), (second, 8)):
        norms = level.norm(dim=1)
        torch.testing.assert_close(norms, torch.full_like(norms, scale))
    for level in rest:
        assert level.norm(dim=1).std() > 0.01
    with torch.no_grad():
        backbone.l2_norms[0].weight *= 2
    torch.testing.assert_close(backbone(torch.ones(1, 3, 64, 64))[0].norm(dim=1).max(),
                               torch.tensor(20.0))  # fmt: skip


def test_levels_are_taken_before_pooling():
    backbone = build()
    image = torch.randn(1, 3, 64, 64)
    conv4_3 = backbone.features[:23](image)
    assert isinstance(backbone.features[23], nn.MaxPool2d)
    expected = nn.functional.normalize(conv4_3, dim=1) * 10
    torch.testing.assert_close(backbone(image)[0], expected)


def test_activations_keep_their_size_from_random_weights():
    levels = build()(torch.randn(1, 3, 128, 128))
    assert 0.05 < levels[2].std() < 20


def test_every_parameter_gets_a_gradient():
    backbone = build()
    sum(level.square().sum() * w for w, level in enumerate(
        backbone(torch.randn(1, 3, 128, 128)), 1)).backward()  # fmt: skip
    zero = [n for n, p in backbone.named_parameters() if p.grad is None]
    assert zero == []


def test_pretrained_weights_leave_the_rest_initialised(tmp_path):
    path = tmp_path / 'vgg.pth'
    source = build()
    weights = {f'features.{k}': v + 1 for k, v in source.features.state_dict().items()}
    torch.save(weights, path)
    backbone = build(init_cfg=dict(type='Pretrained', checkpoint=str(path)))
    backbone.init_weights()
    torch.testing.assert_close(
        backbone.features[0].weight, weights['features.0.weight']
    )
    assert backbone.l2_norms[1].weight[0] == 8
    bound = (6 / (16 + 6)) ** 0.5  # Xavier, uniform
    assert bound / 2 < backbone.extra[0].weight.abs().max() <= bound


def test_batch_equals_single_images():
    backbone, images = build().eval(), torch.randn(2, 3, 64, 64)
    for level, one, two in zip(
        backbone(images), backbone(images[:1]), backbone(images[1:]), strict=True
    ):
        torch.testing.assert_close(level, torch.cat([one, two]))


def test_message():
    with pytest.raises(ValueError, match=r'depth must be in .* got 12'):
        build(depth=12)

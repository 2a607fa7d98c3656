import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from torch import nn

import mmdet_plus  # noqa: F401


def build(**changes):
    init_default_scope('mmdet')
    return MODELS.build(dict(type='CaffeResNet', base_channels=4, **changes))


def test_first_pooling_reads_no_padding_and_keeps_the_last_cells():
    backbone = build(depth=50)
    feats = torch.arange(49.0).view(1, 1, 7, 7)
    # Windows of three cells from 0, 2, 4; the cells of a fourth one are no window.
    expected = torch.tensor([[16.0, 18, 20], [30, 32, 34], [44, 46, 48]])
    assert torch.equal(backbone.maxpool(feats)[0, 0], expected)
    assert backbone.maxpool(torch.zeros(1, 1, 8, 8)).shape[-1] == 4
    assert backbone.layer2[0].conv1.stride == (2, 2)  # style caffe
    assert backbone.layer2[0].conv2.stride == (1, 1)


def test_only_last_blocks_are_deformable():
    backbone = build(
        depth=50,
        dcn=dict(type='DCN', deform_groups=1, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
        last_dcn_stages=(1, 2),
        frozen_stages=2,
    )
    deformable = {
        name.removesuffix('.conv_offset')
        for name, module in backbone.named_modules()
        if name.endswith('conv_offset')
    }
    assert deformable == {'layer2.3.conv2', 'layer3.5.conv2'} | {
        f'layer4.{block}.conv2' for block in range(3)
    }
    assert not backbone.layer2[3].conv2.conv_offset.weight.requires_grad
    assert backbone.layer3[5].conv2.conv_offset.weight.requires_grad
    assert isinstance(backbone.layer3[4].conv2, nn.Conv2d)
    assert [f.shape[-1] for f in backbone(torch.rand(1, 3, 128, 128))] == [32, 16, 8, 4]

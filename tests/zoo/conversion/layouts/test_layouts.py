"""Fabricated weights in foreign layouts fill our models, and mean the same there."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

import mmdet_plus  # noqa: F401
from mmdet_plus.zoo.conversion.layouts import LAYOUTS
from mmdet_plus.zoo.conversion.rules import convert

CONFIGS = Path(__file__).parents[4] / 'configs'
NUM_CLASSES = 20
VGG = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256),
    12: (256, 256), 14: (256, 256), 17: (256, 512), 19: (512, 512), 21: (512, 512),
    24: (512, 512), 26: (512, 512), 28: (512, 512),
}  # fmt: skip
SOURCES = (512, 512, 1024, 512)


def build(path: str, **changes) -> nn.Module:
    init_default_scope('mmdet')
    cfg = Config.fromfile(CONFIGS / path)
    cfg.model.backbone.init_cfg = None
    cfg.merge_from_dict(changes)
    return MODELS.build(cfg.model)


class RefineDetPort(nn.Module):
    """The modules of the PyTorch port, by its names."""

    def __init__(self):
        super().__init__()
        self.vgg = nn.ModuleList(nn.Identity() for _ in range(35))
        for place, (inputs, outputs) in VGG.items():
            self.vgg[place] = nn.Conv2d(inputs, outputs, 3)
        self.vgg[31] = nn.Conv2d(512, 1024, 3)
        self.vgg[33] = nn.Conv2d(1024, 1024, 1)
        self.conv4_3_L2Norm = nn.Module()
        self.conv4_3_L2Norm.weight = nn.Parameter(torch.full((512,), 10.0))
        self.conv5_3_L2Norm = nn.Module()
        self.conv5_3_L2Norm.weight = nn.Parameter(torch.full((512,), 8.0))
        self.extras = nn.ModuleList([nn.Conv2d(1024, 256, 1), nn.Conv2d(256, 512, 3)])

        def heads(channels, values):
            return nn.ModuleList(nn.Conv2d(c, 3 * values, 3) for c in channels)

        self.arm_loc, self.arm_conf = heads(SOURCES, 4), heads(SOURCES, 2)
        self.odm_loc = heads([256] * 4, 4)
        self.odm_conf = heads([256] * 4, NUM_CLASSES + 1)
        relu = nn.ReLU()
        self.tcb0 = nn.ModuleList()
        self.tcb2 = nn.ModuleList()
        for channels in SOURCES:
            self.tcb0 += [nn.Conv2d(channels, 256, 3), relu, nn.Conv2d(256, 256, 3)]
            self.tcb2 += [relu, nn.Conv2d(256, 256, 3), relu]
        self.tcb1 = nn.ModuleList(nn.ConvTranspose2d(256, 256, 2, 2) for _ in range(3))


def caffe_names(port: dict) -> dict:
    """The same weights by the names of the Caffe models."""
    vgg = ['1_1', '1_2', '2_1', '2_2', '3_1', '3_2', '3_3', '4_1', '4_2', '4_3']
    vgg += ['5_1', '5_2', '5_3']
    names = {
        f'vgg.{place}': f'conv{name}' for place, name in zip(VGG, vgg, strict=True)
    }
    names |= {'vgg.31': 'fc6', 'vgg.33': 'fc7', 'extras.0': 'conv6_1'}
    names |= {'extras.1': 'conv6_2', 'conv4_3_L2Norm': 'conv4_3_norm'}
    names |= {'conv5_3_L2Norm': 'conv5_3_norm'}
    sources = ['conv4_3_norm', 'conv5_3_norm', 'fc7', 'conv6_2']
    for i, source in enumerate(sources):
        names |= {f'arm_loc.{i}': f'{source}_mbox_loc'}
        names |= {f'arm_conf.{i}': f'{source}_mbox_conf'}
        names |= {f'odm_loc.{i}': f'P{i + 3}_mbox_loc'}
        names |= {f'odm_conf.{i}': f'P{i + 3}_mbox_conf'}
        names |= {f'tcb0.{3 * i}': f'TL{i + 3}_1', f'tcb0.{3 * i + 2}': f'TL{i + 3}_2'}
        names |= {f'tcb2.{3 * i + 1}': f'P{i + 3}', f'tcb1.{i}': f'P{i + 4}-up'}
    return {
        f'{names[key.rpartition(".")[0]]}.{key.rpartition(".")[2]}': value
        for key, value in port.items()
    }


@pytest.fixture(scope='module')
def refinedet():
    torch.manual_seed(0)
    own = build('refinedet/refinedet320_vgg16_120k_voc0712.py')
    return own, RefineDetPort().state_dict()


@pytest.mark.parametrize('layout', ['refinedet-pytorch', 'refinedet-caffe'])
def test_refinedet_is_filled(refinedet, layout):
    own, port = refinedet
    foreign = port if layout.endswith('pytorch') else caffe_names(port)
    result = convert(foreign, LAYOUTS[layout], own.state_dict())
    assert result.unused == []
    assert result.missing == []
    own.load_state_dict(result.state_dict)
    # Caffe reads images as blue, green, red, our config and the port the other way.
    first = port['vgg.0.weight']
    first = first[:, [2, 1, 0]] if layout == 'refinedet-caffe' else first
    assert own.data_preprocessor._channel_conversion
    assert torch.equal(own.backbone.features[0].weight, first)
    # Both outputs of every level by anchor: theirs are square, wide, tall, with the
    # background first; ours wide, square, tall, with the background last.
    x = torch.randn(1, 256, 3, 3)
    for level in range(4):
        weight, bias = (port[f'odm_conf.{level}.{key}'] for key in ('weight', 'bias'))
        theirs = nn.functional.conv2d(x, weight, bias).view(3, NUM_CLASSES + 1)
        ours = own.bbox_head.cls_convs[level](x)[0, :, 1, 1].view(3, NUM_CLASSES + 1)
        for theirs_row, ours_row in ((0, 1), (1, 0), (2, 2)):
            expected = theirs[theirs_row]
            torch.testing.assert_close(ours[ours_row, :-1], expected[1:])
            torch.testing.assert_close(ours[ours_row, -1], expected[0])
    arm = port['arm_conf.2.bias'].view(3, 2)
    ours = own.arm_head.cls_convs[2].bias.view(3, 2)
    assert torch.equal(ours, arm[[1, 0, 2]].flip(1))
    loc = port['odm_loc.1.bias'].view(3, 4)
    assert torch.equal(own.bbox_head.reg_convs[1].bias.view(3, 4), loc[[1, 0, 2]])
    assert torch.equal(own.neck.deconvs[1][0].bias, port['tcb1.1.bias'])


def d2det_names(state_dict: dict, version: int) -> dict:
    """Our weights by the names of the authors' releases, background first in 1.x."""
    roi_head = '' if version == 1 else 'roi_head.'
    renamed = (
        ('roi_head.bbox_roi_extractor.offset_predictors.', '@.offset_fc.', '.layers.'),
        ('roi_head.bbox_roi_extractor.poolings.', '@.lip.logit.conv.', '.conv.'),
        ('roi_head.bbox_roi_extractor.poolings.', '@.lip.logit.bn.', '.norm.'),
    )
    heads = {
        'reg_head.convs': 'D2Det_head.convs',
        'reg_head.offset_conv': 'D2Det_head.D2Det_reg',
        'reg_head.overlap_conv': 'D2Det_head.D2Det_mask',
        'mask_head.conv_logits': 'D2Det_head.D2Det_instance',
        'mask_head.first_upsample.conv': 'D2Det_head.deconv1',
        'mask_head.first_upsample.gn': 'D2Det_head.norm1',
        'mask_head.upsample': 'D2Det_head.deconv2',
        'mask_head.mask_scorer.0': 'D2Det_head.fcs.0',
        'mask_head.mask_scorer.2': 'D2Det_head.fcs.1',
        'mask_head.mask_scorer.4': 'D2Det_head.fc_instance_iou',
    }
    per_class = ('fc_cls', 'D2Det_instance', 'fc_instance_iou')
    result = {}
    for key, value in state_dict.items():
        name = key
        for prefix, target, separator in renamed:
            level, found, rest = key.removeprefix(prefix).partition(separator)
            if key.startswith(prefix) and found and level.isdigit():
                layer = f'{roi_head}bbox_roi_extractor.roi_layers.{level}'
                name = f'{target.replace("@", layer)}{rest}'
        for ours, theirs in heads.items():
            if key.startswith(f'roi_head.{ours}.'):
                name = roi_head + key.replace(f'roi_head.{ours}', theirs)
        if version == 1:
            name = name.replace('roi_head.bbox_head', 'bbox_head')
            if 'fc_cls' in name:
                value = value.roll(1, dims=0)
            elif any(layer in name for layer in per_class):
                value = torch.cat([torch.zeros_like(value[:1]), value])
        result[name] = value
    return result


@pytest.mark.parametrize('version', [1, 2])
def test_d2det_is_filled(version):
    torch.manual_seed(0)
    thin = {
        'model.backbone.base_channels': 8,
        'model.neck.in_channels': [32, 64, 128, 256],
        'model.roi_head.bbox_head.fc_out_channels': 16,
        'model.roi_head.bbox_roi_extractor.offset_channels': 8,
        'model.roi_head.mask_head.fc_out_channels': 8,
    }
    own = build('d2det/d2det-mask_r50_fpn_2x_coco.py', **thin).state_dict()
    own = {key: torch.rand_like(value.float()) for key, value in own.items()}
    foreign = d2det_names(own, version)
    if version == 1:
        assert 'bbox_head.fc_cls.weight' in foreign
        assert 'D2Det_head.D2Det_reg.weight' in foreign
    result = convert(foreign, LAYOUTS[f'd2det-mmdet{version}'], own)
    assert result.unused == []
    assert result.missing == []
    for key, value in result.state_dict.items():
        assert torch.equal(value, own[key]), key


def test_maskrcnn_benchmark_fills_all_but_what_differs_between_forks():
    torch.manual_seed(0)
    thin = {
        'model.backbone.base_channels': 8,
        'model.neck.in_channels': [32, 64, 128, 256],
        'model.roi_head.bbox_head.fc_out_channels': 16,
    }
    config = 'double_head/double-head-legacy_r50_fpn_1x_coco.py'
    own = build(config, **thin).state_dict()
    own = {key: torch.rand_like(value.float()) for key, value in own.items()}
    box, head = 'module.roi_heads.box', 'roi_head.bbox_head'
    foreign = {
        'module.backbone.body.stem.conv1.weight': own['backbone.conv1.weight'],
        'module.backbone.body.layer2.1.bn2.bias': own['backbone.layer2.1.bn2.bias'],
        'module.backbone.fpn.fpn_inner4.bias': own['neck.lateral_convs.3.conv.bias'],
        'module.backbone.fpn.fpn_layer1.bias': own['neck.fpn_convs.0.conv.bias'],
        'module.rpn.head.conv.weight': own['rpn_head.rpn_conv.weight'],
        'module.rpn.head.cls_logits.bias': own['rpn_head.rpn_cls.bias'],
        'module.rpn.head.bbox_pred.bias': own['rpn_head.rpn_reg.bias'],
        f'{box}.feature_extractor.fc6.weight': own[f'{head}.fc_branch.0.weight'],
        f'{box}.feature_extractor.fc7.bias': own[f'{head}.fc_branch.1.bias'],
        f'{box}.predictor.cls_score.bias': own[f'{head}.fc_cls.bias'].roll(1),
        f'{box}.predictor.bbox_pred.bias': torch.cat(
            [torch.zeros(4), own[f'{head}.fc_reg.bias']]
        ),
        f'{box}.feature_extractor.unknown.weight': torch.zeros(1),
    }  # fmt: skip
    result = convert(foreign, LAYOUTS['double-head-maskrcnn-benchmark'], own)
    assert result.unused == [f'{box}.feature_extractor.unknown.weight']
    assert len(result.state_dict) == len(foreign) - 1
    for key, value in result.state_dict.items():
        assert torch.equal(value, own[key]), key


def test_cpm_fills_all_but_the_grid_branches():
    thin = {
        'model.backbone.base_channels': 8,
        'model.neck.in_channels': [32, 64, 128, 256],
        'model.roi_head.bbox_head.fc_out_channels': 16,
        'model.roi_head.grid_head.point_channels': 4,
        'model.roi_head.iou_head.in_channels': 36,
        'model.roi_head.iou_head.fc_out_channels': 16,
        'model.roi_head.rsm_head.fc_out_channels': 16,
    }
    own = build('cpm_rcnn/cpm-rcnn_r50_fpn_2x_coco.py', **thin).state_dict()
    torch.manual_seed(0)
    own = {key: torch.rand_like(value.float()) for key, value in own.items()}
    head = 'roi_head.bbox_head'
    foreign = {
        'Conv_Body.conv1.weight': own['backbone.conv1.weight'],
        'Conv_Body.layer2.1.bn2.bias': own['backbone.layer2.1.bn2.bias'],
        'Conv_Body_FPN.p5_in.bias': own['neck.lateral_convs.3.conv.bias'],
        'Conv_Body_FPN.p5_out.0.bias': own['neck.fpn_convs.3.conv.bias'],
        'Conv_Body_FPN.fpn_in.0.weight': own['neck.lateral_convs.2.conv.weight'],
        'Conv_Body_FPN.fpn_out.2.bias': own['neck.fpn_convs.0.conv.bias'],
        'RPN.head.conv.weight': own['rpn_head.rpn_conv.weight'],
        'RPN.head.bbox_pred.bias': own['rpn_head.rpn_reg.bias'],
        'Fast_RCNN.Head.fc6.weight': own[f'{head}.shared_fcs.0.weight'],
        'Fast_RCNN.Head.fc7.bias': own[f'{head}.shared_fcs.1.bias'],
        'Fast_RCNN.Output.cls_score.bias': own[f'{head}.fc_cls.bias'].roll(1),
        'Grid_RCNN.unknown': torch.zeros(1),
    }
    result = convert(foreign, LAYOUTS['cpm-pet'], own)
    assert result.unused == ['Grid_RCNN.unknown']
    assert len(result.state_dict) == len(foreign) - 1
    for key, value in result.state_dict.items():
        assert torch.equal(value, own[key]), key


def mxnet_names(state_dict: dict) -> dict:
    """Our weights by the names of the authors' DCR models, background first."""
    layers = {'downsample.0': 'branch1', 'conv1': 'branch2a', 'conv2': 'branch2b'}
    layers |= {'conv3': 'branch2c', 'downsample.1': 'branch1', 'bn1': 'branch2a'}
    layers |= {'bn2': 'branch2b', 'bn3': 'branch2c'}
    values = {'weight': 'gamma', 'bias': 'beta', 'running_mean': 'moving_mean'}
    values |= {'running_var': 'moving_var'}
    plain = {
        'backbone.conv1.weight': 'conv1_weight',
        'neck.conv.conv': 'conv_new_1',
        'rpn_head.rpn_conv': 'rpn_conv_3x3',
        'rpn_head.rpn_cls': 'rpn_cls_score',
        'rpn_head.rpn_reg': 'rpn_bbox_pred',
        'roi_head.base.bbox_head.shared_fcs.0': 'fc_new_1',
        'roi_head.base.bbox_head.shared_fcs.1': 'fc_new_2',
        'roi_head.base.bbox_head.fc_cls': 'cls_score',
        'roi_head.base.bbox_head.fc_reg': 'bbox_pred',
        'roi_head.refiner.fc_cls': 'dcr_cls_score',
    }
    result = {}
    for key, value in state_dict.items():
        owner, _, kind = key.rpartition('.')
        name = plain.get(key) or f'{plain.get(owner)}_{kind}'
        if '.layer' in key and kind in (*values,):
            head, _, rest = owner.partition('.layer')
            stage, block, layer = rest.split('.', 2)
            is_norm = 'bn' in layer or layer == 'downsample.1'
            number = 'abcdef'[int(block)]
            if stage == '3' and int(block) > 0:
                number = f'b{block}'  # the way of ResNet-101
            name = (
                f'{"bn" if is_norm else "res"}{int(stage) + 1}{number}_{layers[layer]}'
            )
            name += f'_{values[kind] if is_norm else "weight"}'
            name = f'dcr_{name}' if head.startswith('roi_head') else name
        elif owner == 'backbone.bn1':
            name = f'bn_conv1_{values.get(kind)}'
        if name.startswith('rpn_cls_score'):
            value = torch.cat([torch.ones_like(value), value + 1])
        elif 'cls_score' in name:
            value = value.roll(1, dims=0)
        elif name.startswith('bbox_pred'):
            value = torch.cat([torch.zeros_like(value[:4]), value])
        result[name] = value
    return result


def test_dcr_is_filled():
    torch.manual_seed(0)
    own = build('dcr/faster-rcnn-dcrv2_r50_8e_coco.py').state_dict()
    own = {
        key: torch.rand_like(value)
        for key, value in own.items()
        if not key.endswith('num_batches_tracked') and 'fcs.0.weight' not in key
    }
    result = convert(mxnet_names(own), LAYOUTS['dcr-mxnet'], own)
    assert result.unused == []
    assert result.missing == []
    for key, value in result.state_dict.items():
        torch.testing.assert_close(value, own[key], msg=key)

"""Fabricated weights in foreign layouts fill our models, and mean the same there."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

import mmdet_plus  # noqa: F401
from mmdet_plus.zoo.conversion.layouts import LAYOUTS, guess_layout
from mmdet_plus.zoo.conversion.rules import convert

CONFIGS = Path(__file__).parents[4] / 'configs'
NUM_CLASSES = 20
VGG = {
    0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256),
    12: (256, 256), 14: (256, 256), 17: (256, 512), 19: (512, 512), 21: (512, 512),
    24: (512, 512), 26: (512, 512), 28: (512, 512),
}  # fmt: skip
SOURCES = (512, 512, 1024, 512)


def build(path: str) -> nn.Module:
    init_default_scope('mmdet')
    cfg = Config.fromfile(CONFIGS / path)
    cfg.model.backbone.init_cfg = None
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
    result = convert(foreign, LAYOUTS[layout].rules, own.state_dict())
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


def own_of(*names: str, rows: int = 3) -> dict[str, torch.Tensor]:
    """A model that only has these weights, of so many rows."""
    return {name: torch.zeros(rows, 2) for name in names}


def rows(*values: float) -> torch.Tensor:
    return torch.tensor(values)[:, None].expand(-1, 2).clone()


@pytest.mark.parametrize(
    ('layout', 'theirs', 'ours', 'given', 'expected'),
    [
        # The background is the first class, and becomes the last.
        ('d2det-mmdet1', 'bbox_head.fc_cls.weight', 'bbox_head.fc_cls.weight',
         (0, 1, 2), (1, 2, 0)),
        ('cpm-pet', 'Grid_Cascade_RCNN.Output_cls.cls_score.weight',
         'bbox_head.fc_cls.weight', (0, 1, 2), (1, 2, 0)),
        ('cpm-pet', 'Grid_Cascade_RCNN.Output_rescore.cls_score.weight',
         'rsm_head.fc_cls.weight', (0, 1, 2), (1, 2, 0)),
        ('dcr-mxnet', 'cls_score_weight', 'base.bbox_head.fc_cls.weight',
         (0, 1, 2), (1, 2, 0)),
        ('dcr-mxnet', 'dcr_fc1_weight', 'refiner.fc_cls.weight', (0, 1, 2), (1, 2, 0)),
        # There it is the last already.
        ('d2det-mmdet2', 'roi_head.bbox_head.fc_cls.weight', 'bbox_head.fc_cls.weight',
         (0, 1, 2), (0, 1, 2)),
        # Masks have no background: the row without a class is the first or the last.
        ('d2det-mmdet1', 'D2Det_head.D2Det_instance.weight',
         'mask_head.conv_logits.weight', (0, 1, 2, 3), (1, 2, 3)),
        ('d2det-mmdet1', 'D2Det_head.fc_instance_iou.weight',
         'mask_head.mask_scorer.4.weight', (0, 1, 2, 3), (1, 2, 3)),
        ('d2det-mmdet2', 'roi_head.D2Det_head.D2Det_instance.weight',
         'mask_head.conv_logits.weight', (0, 1, 2, 3), (0, 1, 2)),
        ('d2det-mmdet2', 'roi_head.D2Det_head.fc_instance_iou.weight',
         'mask_head.mask_scorer.4.weight', (0, 1, 2, 3), (0, 1, 2)),
        # Four rows of the background's box before those of the object's.
        ('dcr-mxnet', 'bbox_pred_weight', 'bbox_head.fc_reg.weight',
         range(8), (4, 5, 6, 7)),
    ],
)  # fmt: skip
def test_rows_of_classes(layout, theirs, ours, given, expected):
    own = own_of(f'roi_head.{ours}', rows=len(expected))
    result = convert({theirs: rows(*given)}, LAYOUTS[layout].rules, own)
    assert result.unused == []
    converted = result.state_dict[f'roi_head.{ours}']
    assert converted[:, 0].tolist() == list(expected)


def test_two_logits_of_a_proposal_become_one():
    # Two anchors: both backgrounds before both objects.
    name = 'rpn_head.rpn_cls.weight'
    given = {'rpn_cls_score_weight': rows(1, 2, 5, 7)}
    result = convert(given, LAYOUTS['dcr-mxnet'].rules, own_of(name, rows=2))
    own = result.state_dict[name]
    assert own[:, 0].tolist() == [4, 5]
    softmax = torch.tensor([[1.0, 5], [2, 7]]).softmax(dim=1)[:, 1]
    torch.testing.assert_close(own[:, 0].sigmoid(), softmax)


def test_the_head_of_dcr_is_wrapped_or_not():
    given = {'fc_new_2_bias': rows(1, 2, 3)}
    for head in ('roi_head', 'roi_head.base'):
        own = own_of(f'{head}.bbox_head.shared_fcs.1.bias')
        result = convert(given, LAYOUTS['dcr-mxnet'].rules, own)
        assert result.state_dict.keys() == own.keys()


def test_blocks_and_levels_of_mxnet():
    places = {
        'res2c_branch2a_weight': 'backbone.layer1.2.conv1.weight',
        'bn3b3_branch2c_beta': 'backbone.layer2.3.bn3.bias',
        'dcr_res4b22_branch2b_weight': 'roi_head.refiner.tail.layer3.22.conv2.weight',
        'dcr_bn5a_branch1_moving_var':
            'roi_head.refiner.tail.layer4.0.downsample.1.running_var',
        'res4b22_branch2b_offset_bias': 'backbone.layer3.22.conv2.conv_offset.bias',
        'fpn_p2_1x1_weight': 'neck.lateral_convs.0.conv.weight',
        'fpn_p6_bias': 'neck.fpn_convs.4.conv.bias',
        'offset_weight': 'roi_head.bbox_roi_extractor.roi_layers.0.offset.weight',
        'offset_p5_bias': 'roi_head.bbox_roi_extractor.roi_layers.3.offset.bias',
    }  # fmt: skip
    given = {theirs: rows(i, 0, 0) for i, theirs in enumerate(places)}
    own = own_of(*places.values())
    result = convert(given, LAYOUTS['dcr-mxnet'].rules, own)
    assert result.missing == []
    for theirs, ours in places.items():
        assert torch.equal(result.state_dict[ours], given[theirs])


def test_affine_norms_of_cpm_get_statistics_that_change_nothing():
    weights = {
        'Conv_Body.bn1.weight': torch.tensor([2.0, 3]),
        'Conv_Body.layer1.0.downsample.1.weight': torch.ones(4),
        'Conv_Body.conv1.weight': torch.ones(4),
        'Conv_Body_FPN.p5_in.weight': torch.ones(4),
    }
    added = LAYOUTS['cpm-pet'].prepare(weights)
    assert added.keys() - weights.keys() == {
        f'Conv_Body.{norm}.running_{kind}'
        for norm in ('bn1', 'layer1.0.downsample.1')
        for kind in ('mean', 'var')
    }
    assert added['Conv_Body.bn1.running_mean'].tolist() == [0, 0]
    assert added['Conv_Body.bn1.running_var'].tolist() == [1, 1]


def test_predictors_of_both_heads_are_not_exchanged():
    # Their shapes are the same: a mix-up would say nothing.
    predictor = 'roi_heads.box.predictor'
    places = {
        'cls_score.bias': ('conv_cls', (1, 2, 0)),
        'cls_score_fc.bias': ('fc_cls', (11, 12, 10)),
        'bbox_pred.bias': ('conv_reg', tuple(range(24, 32))),
        'bbox_pred_fc.bias': ('fc_reg', tuple(range(34, 42))),
    }
    given = {
        f'{predictor}.cls_score.bias': torch.arange(3),
        f'{predictor}.cls_score_fc.bias': torch.arange(10, 13),
        f'{predictor}.bbox_pred.bias': torch.arange(20, 32),
        f'{predictor}.bbox_pred_fc.bias': torch.arange(30, 42),
    }
    own = {
        f'roi_head.bbox_head.{name}.bias': torch.zeros(len(values), dtype=torch.long)
        for name, values in places.values()
    }
    layout = LAYOUTS['double-head-maskrcnn-benchmark']
    result = convert(given, layout.rules, own)
    for name, values in places.values():
        converted = result.state_dict[f'roi_head.bbox_head.{name}.bias']
        assert tuple(converted.tolist()) == values


@pytest.mark.parametrize(
    ('name', 'layout'),
    [
        ('Conv_Body.conv1.weight', 'cpm-pet'),
        ('D2Det_head.D2Det_reg.bias', 'd2det-mmdet1'),
        ('roi_head.D2Det_head.D2Det_reg.bias', 'd2det-mmdet2'),
        ('bn_conv1_gamma', 'dcr-mxnet'),
        ('arm_loc.0.weight', 'refinedet-pytorch'),
        ('TL3_1.weight', 'refinedet-caffe'),
        ('roi_heads.box.predictor.cls_score.bias', 'double-head-maskrcnn-benchmark'),
    ],
)
def test_names_say_the_layout(name, layout):
    assert guess_layout(['other', name]) == layout


def test_unknown_names_say_no_layout():
    with pytest.raises(ValueError, match=r'such as other are of no known layout: give'):
        guess_layout(['other'])
    with pytest.raises(ValueError, match='such as none'):
        guess_layout([])

"""The classifier of a cut checkpoint predicts what the whole one predicted."""

import importlib.util
from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.logging import HistoryBuffer
from mmengine.registry import init_default_scope

import mmdet_plus  # noqa: F401
from mmdet_plus.errors import UserError

ROOT = Path(__file__).parents[2]
CLASSES = ('airplane', 'bird', 'cat', 'dog', 'tv')
TARGET = ('tvmonitor', 'bird', 'aeroplane')
CHOSEN = [4, 1, 0]


@pytest.fixture(scope='module')
def tool():
    path = ROOT / 'tools' / 'model_converters' / 'subset_classes.py'
    spec = importlib.util.spec_from_file_location('subset_classes', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def save(path, state_dict, **meta):
    torch.save(dict(state_dict=state_dict, meta=meta), path)
    return str(path)


def head_config(name):
    if name == 'odm':
        return dict(
            type='ObjectDetectionHead', in_channels=[4], anchor_generator=dict(
                type='AnchorGenerator', strides=[8], ratios=[0.5, 1.0, 2.0], scales=[4]
            ),
        )  # fmt: skip
    if name == 'ssd':
        return dict(
            type='SSDBaselineHead', in_channels=[4], anchor_generator=dict(
                type='AnchorGenerator', strides=[8], ratios=[0.5, 1.0, 2.0], scales=[4]
            ),
        )  # fmt: skip
    return dict(
        type='RetinaHead',
        in_channels=4,
        feat_channels=4,
        stacked_convs=2,
        anchor_generator=dict(
            type='AnchorGenerator', strides=[8], ratios=[0.5, 1.0, 2.0], scales=[4]
        ),
    )


@pytest.mark.parametrize(('name', 'extra'), [('odm', 1), ('ssd', 1), ('retina', 0)])
def test_dense_heads_keep_their_logits(tool, tmp_path, name, extra):
    torch.manual_seed(0)
    whole = MODELS.build(dict(head_config(name), num_classes=5))
    weights = {f'bbox_head.{k}': v for k, v in whole.state_dict().items()}
    path = save(tmp_path / 'in.pth', weights, dataset_meta=dict(classes=CLASSES))
    out = tmp_path / 'new' / 'out.pth'
    assert tool.main([path, str(out), '--to', ','.join(TARGET)]) == 0
    saved = torch.load(out, weights_only=True)
    assert saved['meta']['dataset_meta']['classes'] == TARGET
    part = MODELS.build(dict(head_config(name), num_classes=3))
    part.load_state_dict(
        {k.removeprefix('bbox_head.'): v for k, v in saved['state_dict'].items()}
    )
    feat = [torch.randn(1, 4, 6, 5)]
    (before,), (boxes_before,) = whole(feat)
    (after,), (boxes_after,) = part(feat)
    rows = [*CHOSEN, *([5] if extra else [])]
    expected = before.view(1, 3, 5 + extra, 6, 5)[:, :, rows]
    torch.testing.assert_close(after.view(1, 3, 3 + extra, 6, 5), expected)
    torch.testing.assert_close(boxes_after, boxes_before)


@pytest.mark.parametrize('agnostic', [False, True])
def test_roi_heads_keep_their_logits_and_boxes(tool, agnostic):
    torch.manual_seed(0)

    def build(num_classes):
        return MODELS.build(
            dict(
                type='Shared2FCBBoxHead',
                in_channels=2,
                fc_out_channels=6,
                roi_feat_size=3,
                num_classes=num_classes,
                reg_class_agnostic=agnostic,
            )
        )

    whole, part = build(5), build(3)
    prefix = 'roi_head.bbox_head.'
    weights = {prefix + k: v for k, v in whole.state_dict().items()}
    cut, names = tool.subset_state_dict(weights, 5, CHOSEN)
    assert len(names) == (2 if agnostic else 4)
    part.load_state_dict({k.removeprefix(prefix): v for k, v in cut.items()})
    feats = torch.randn(7, 2, 3, 3)
    (scores, boxes), (new_scores, new_boxes) = whole(feats), part(feats)
    torch.testing.assert_close(new_scores, scores[:, [*CHOSEN, 5]])
    if not agnostic:
        boxes = boxes.view(7, 5, 4)[:, CHOSEN].flatten(1)
    torch.testing.assert_close(new_boxes, boxes)


@pytest.mark.parametrize(
    'name',
    [
        'refinedet/refinedet320_r18_1x_shapes.py',
        'd2det/d2det_r18_fpn_1x_shapes.py',
        'double_head/double-head_r18_fpn_1x_shapes.py',
        'd2det/d2det-mask_r18_fpn_1x_shapes.py',
        'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py',
        'mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
        'mmdet::ms_rcnn/ms-rcnn_r50-caffe_fpn_1x_coco.py',
        'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py',
        'mmdet::yolox/yolox_tiny_8xb8-300e_coco.py',
    ],
)
def test_whole_detectors(tool, name):
    init_default_scope('mmdet')

    def build(num_classes):
        cfg = (
            get_config(name)
            if '::' in name
            else Config.fromfile(ROOT / 'configs' / name)
        )
        model = cfg.model
        model.backbone.init_cfg = None
        heads = model.get('roi_head', {'bbox_head': model.get('bbox_head')})
        for key in ('bbox_head', 'mask_head', 'mask_iou_head'):
            if key in heads:
                heads[key].num_classes = num_classes
        with torch.device('meta'):
            return MODELS.build(model).state_dict()

    whole = {k: torch.empty(v.shape) for k, v in build(11).items()}
    cut, _ = tool.subset_state_dict(whole, 11, [10, 2, 5])
    assert {k: v.shape for k, v in cut.items()} == {
        k: v.shape for k, v in build(3).items()
    }


def test_heads_of_other_classes_stay(tool):
    weights = {
        'bbox_head.fc_cls.bias': torch.arange(6.0),
        'bbox_head.conv_reg.bias': torch.arange(20.0),  # of five anchors
        'rpn_head.rpn_cls.bias': torch.arange(18.0),
        'arm_head.cls_convs.0.bias': torch.arange(6.0),
        'roi_head.semantic_head.conv_logits.bias': torch.arange(183.0),
    }
    cut, names = tool.subset_state_dict(weights, 5, [0])
    assert names == ['bbox_head.fc_cls.bias']
    assert all(cut[name] is weights[name] for name in set(weights) - set(names))


def test_masks_have_no_background(tool):
    weights = {
        'fc_cls.bias': torch.arange(2.0),
        'mask_head.conv_logits.bias': torch.arange(1.0),
        'mask_head.mask_scorer.2.bias': torch.arange(7.0),
    }
    cut, names = tool.subset_state_dict(weights, 1, [0], 'yes')
    assert names == ['fc_cls.bias']
    weights = {'x.conv_logits.bias': torch.arange(6.0), 'x.fc_cls.bias': torch.ones(7)}
    cut, _ = tool.subset_state_dict(weights, 6, [4, 2], 'yes')
    assert cut['x.conv_logits.bias'].tolist() == [4, 2]


def test_masks_that_know_no_classes_stay(tool):
    weights = {'fc_cls.bias': torch.arange(6.0), 'conv_logits.bias': torch.ones(1)}
    assert tool.subset_state_dict(weights, 5, [0, 3])[1] == ['fc_cls.bias']


def test_coco_has_all_classes_of_voc(tool):
    numbers = tool.class_numbers(
        tool.parse_classes('coco'), tool.parse_classes('voc'), tool.ALIASES
    )
    names = [tool.KNOWN_CLASSES['coco'][number] for number in numbers]
    assert len(set(numbers)) == 20
    assert names[0] == 'airplane'
    assert names[10] == 'dining table'
    assert names[13] == 'motorcycle'
    assert names[15] == 'potted plant'
    assert names[17] == 'couch'
    assert names[19] == 'tv'
    assert names[14] == 'person'


def test_older_checkpoints_and_spaces_between_names(tool, tmp_path):
    weights = {'fc_cls.bias': torch.arange(6.0)}
    path = save(tmp_path / 'in.pth', weights, dataset_meta=dict(CLASSES=CLASSES))
    out = tmp_path / 'out.pth'
    assert tool.main([path, str(out), '--to', 'dog, bird']) == 0
    saved = torch.load(out, weights_only=True)
    assert saved['state_dict']['fc_cls.bias'].tolist() == [3, 1, 5]


def test_own_names_go_before_aliases_and_aliases_work_both_ways(tool):
    aliases = {'sofa': 'couch'}
    assert tool.class_numbers(['couch', 'sofa'], ['sofa'], aliases) == [1]
    assert tool.class_numbers(['sofa'], ['couch'], aliases) == [0]


def test_alias_option_and_bare_weights(tool, tmp_path):
    weights = {'bbox_head.fc_cls.bias': torch.arange(6.0)}
    torch.save(weights, tmp_path / 'in.pth')
    argv = [str(tmp_path / 'in.pth'), str(tmp_path / 'out.pth')]
    argv += ['--from', ','.join(CLASSES), '--to', 'hound', '--alias', 'hound=dog']
    assert tool.main(argv) == 0
    saved = torch.load(tmp_path / 'out.pth', weights_only=True)
    assert saved['state_dict']['bbox_head.fc_cls.bias'].tolist() == [3, 5]


def test_checkpoints_of_a_training_are_read(tool, tmp_path):
    history = HistoryBuffer([1.0, 2.0], [1, 1])
    content = dict(
        state_dict={'bbox_head.fc_cls.bias': torch.arange(6.0)},
        meta=dict(dataset_meta=dict(classes=CLASSES)),
        message_hub=dict(log_scalars={'train/loss': history}),
        optimizer=dict(state={}),
    )
    torch.save(content, tmp_path / 'epoch_1.pth')
    argv = [str(tmp_path / 'epoch_1.pth'), str(tmp_path / 'out.pth'), '--to', 'cat']
    assert tool.main(argv) == 0
    saved = torch.load(tmp_path / 'out.pth', weights_only=True)
    assert set(saved) == {'state_dict', 'meta'}


class Stranger:
    pass


@pytest.mark.parametrize(
    ('weights', 'options', 'message'),
    [
        ({'fc_cls.bias': torch.zeros(6)}, ['--to', 'cow'], 'does not have: cow'),
        ({'fc_cls.bias': torch.zeros(7)}, ['--to', 'cat'], 'fc_cls.bias: 7 outputs do'),
        ({'fc_cls.bias': torch.zeros(30)}, ['--to', 'cat'], '--background yes'),
        ({'neck.bias': torch.zeros(6)}, ['--to', 'cat'], 'no classifier'),
        ({'x': Stranger()}, ['--to', 'cat'], 'cannot be read as weights only'),
    ],
)
def test_messages(tool, tmp_path, capsys, weights, options, message):
    path = save(tmp_path / 'in.pth', weights, dataset_meta=dict(classes=CLASSES))
    assert tool.main([path, str(tmp_path / 'out.pth'), *options]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / 'out.pth').exists()


def test_message_of_an_alias(tool, capsys):
    with pytest.raises(SystemExit):
        tool.main(['in.pth', 'out.pth', '--to', 'voc', '--alias', 'sofa'])
    assert "'sofa' is not NEW=OLD" in capsys.readouterr().err


def test_messages_of_files(tool, tmp_path, capsys):
    out = str(tmp_path / 'out.pth')
    assert tool.main([str(tmp_path / 'no.pth'), out, '--to', 'voc']) == 2
    assert 'does not exist' in capsys.readouterr().err
    path = save(tmp_path / 'in.pth', {'fc_cls.bias': torch.zeros(6)})
    assert tool.main([path, out, '--to', 'voc']) == 2
    assert 'names no classes' in capsys.readouterr().err


def test_background_option_decides(tool):
    weights = {'fc_cls.bias': torch.arange(30.0)}
    assert len(tool.subset_state_dict(weights, 5, [0], 'yes')[0]['fc_cls.bias']) == 10
    assert len(tool.subset_state_dict(weights, 5, [0], 'no')[0]['fc_cls.bias']) == 6
    with pytest.raises(UserError):
        tool.subset_state_dict({'fc_cls.bias': torch.zeros(6)}, 5, [0], 'no')


@pytest.mark.parametrize(
    ('names', 'message'),
    [('a,b,a', '--to names classes twice: a'), (',', '--to names no class')],
)
def test_each_class_once(tool, names, message):
    with pytest.raises(tool.UserError, match=message):
        tool.class_numbers(['a', 'b'], tool.parse_classes(names), {})

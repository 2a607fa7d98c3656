"""The classifier of a cut checkpoint predicts what the whole one predicted."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.logging import HistoryBuffer
from samples.tools import load_tool

import mmdet_plus  # noqa: F401

ROOT = Path(__file__).parents[2]
CLASSES = ('airplane', 'bird', 'cat', 'dog', 'tv')
TARGET = ('tvmonitor', 'bird', 'aeroplane')
CHOSEN = [4, 1, 0]


@pytest.fixture(scope='module')
def tool():
    return load_tool('model_converters/subset_classes')


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


def test_older_checkpoints_and_spaces_between_names(tool, tmp_path):
    weights = {'fc_cls.bias': torch.arange(6.0)}
    path = save(tmp_path / 'in.pth', weights, dataset_meta=dict(CLASSES=CLASSES))
    out = tmp_path / 'out.pth'
    assert tool.main([path, str(out), '--to', 'dog, bird']) == 0
    saved = torch.load(out, weights_only=True)
    assert saved['state_dict']['fc_cls.bias'].tolist() == [3, 1, 5]


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
    assert tool.main(['in.pth', 'out.pth', '--to', 'voc', '--alias', 'sofa']) == 2
    assert "'sofa' is not NEW=OLD" in capsys.readouterr().err


def test_messages_of_files(tool, tmp_path, capsys):
    out = str(tmp_path / 'out.pth')
    assert tool.main([str(tmp_path / 'no.pth'), out, '--to', 'voc']) == 2
    assert 'does not exist' in capsys.readouterr().err
    path = save(tmp_path / 'in.pth', {'fc_cls.bias': torch.zeros(6)})
    assert tool.main([path, out, '--to', 'voc']) == 2
    assert 'names no classes' in capsys.readouterr().err

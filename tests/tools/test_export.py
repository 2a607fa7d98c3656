"""What the tool refuses before it works; the rest is in ``tests/integration``."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs' / 'refinedet' / 'refinedet320_tiny_shapes.py'
WEIGHTS = ROOT / 'mmdet_plus' / 'zoo' / 'weights'
REFINEDET = next(WEIGHTS.glob('refinedet320_tiny_shapes-*.pth'))
OTHER = next(WEIGHTS.glob('d2det_tiny_shapes-*.pth'))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--opset', 17], '--opset 17 is too old: it must be at least 20'),
        (['--verify', 'none'], '--verify: there is no folder none'),
        (['--verify', '.'], '--verify: . holds no image'),
        (['--max-detections', 0], '--max-detections'),
        (['--shape', 0, 320], '--shape'),
        (['--precision', 'int8'], '--precision'),
    ],
)
def test_options_that_cannot_be(options, message, tool_main, capsys):
    assert tool_main('export', CONFIG, REFINEDET, '--out', 'a.onnx', *options) == 2
    assert message in capsys.readouterr().err


def test_places_that_cannot_be_written(tool_main, capsys, tmp_path):
    (tmp_path / 'file').touch()
    for place in ('file/model.onnx', '.'):
        assert tool_main('export', CONFIG, REFINEDET, '--out', place) == 2
        assert f'--out {place}' in capsys.readouterr().err


def test_a_checkpoint_of_another_model(tool_main, capsys, tmp_path):
    assert tool_main('export', CONFIG, OTHER, '--out', 'a.onnx') == 2
    assert 'it belongs to another config' in capsys.readouterr().err
    assert not (tmp_path / 'a.onnx').exists()


def test_a_part_without_a_form_is_named_before_anything_is_written(
    tool_main, capsys, tmp_path
):
    options = ['--cfg-options', 'model.test_cfg.nms.type=nms_quadri']
    assert tool_main('export', CONFIG, REFINEDET, '--out', 'a.onnx', *options) == 2
    message = capsys.readouterr().err
    assert message.startswith('a.onnx: exporting and comparing')
    assert 'model.bbox_head.test_cfg.nms.type cannot be exported' in message
    assert list(tmp_path.iterdir()) == []


def test_files_of_other_formats_are_refused(tool_main, capsys):
    assert tool_main('export', CONFIG, REFINEDET, '--out', 'a.pt') == 2
    assert '--out a.pt must end with .onnx' in capsys.readouterr().err

import re

import pytest
import torch
from mmengine.config import Config

from mmdet_plus.zoo.conversion import layouts
from mmdet_plus.zoo.conversion.converting import own_weights
from mmdet_plus.zoo.conversion.layouts import Layout
from mmdet_plus.zoo.conversion.rules import Rule

TOOL = 'model_converters/convert_weights'


@pytest.fixture
def own_layout(monkeypatch):
    """A layout that knows one layer of the tiny model."""
    rules = (Rule(r'top\.(.+)', r'rpn_head.rpn_cls.\1'),)
    monkeypatch.setitem(layouts.LAYOUTS, 'd2det-mmdet2', Layout(rules, r'top\..+'))


def test_missing_weights_are_an_error_unless_allowed(
    tool_main, tiny_config, tmp_path, capsys, own_layout
):
    weight = torch.rand(2, 16, 1, 1)
    torch.save(dict(model={'top.weight': weight, 'other': weight}), tmp_path / 'in.pth')
    arguments = [tmp_path / 'in.pth', tiny_config, tmp_path / 'out' / 'net.pth']
    assert tool_main(TOOL, *arguments) == 2
    out, err = capsys.readouterr()
    assert 'layout: d2det-mmdet2' in out
    assert re.search(r'converted +1\n', out)
    assert re.search(r'unused +1\n', out)
    assert re.search(r'such as .*With --partial they stay', err)
    assert not arguments[2].exists()
    assert tool_main(TOOL, *arguments, '--partial', '--dry-run') == 0
    assert 'net.pth: not written' in capsys.readouterr().out
    assert not arguments[2].exists()
    assert tool_main(TOOL, *arguments, '--partial') == 0
    out = capsys.readouterr().out
    assert 'unused: other' in out
    assert 'missing: rpn_head.rpn_conv.weight' in out
    written = torch.load(arguments[2])['state_dict']
    assert torch.equal(written['rpn_head.rpn_cls.weight'], weight)


def test_a_complete_file_needs_no_flag(tool_main, tiny_config, tmp_path, capsys):
    cfg = Config.fromfile(tiny_config)
    weights = {f'D2Det_head.{k}': v for k, v in own_weights(cfg).items()}
    weights = {name: torch.rand(value.shape) for name, value in weights.items()}
    torch.save(dict(state_dict=weights), tmp_path / 'in.pth')
    (tmp_path / 'rules.yml').write_text("- {pattern: 'D2Det_head\\.(.+)', name: '\\1'}")
    arguments = [tmp_path / 'in.pth', tiny_config, tmp_path / 'net.pth']
    assert tool_main(TOOL, *arguments, '--rules', tmp_path / 'rules.yml') == 0
    assert '0 unused, 0 missing' in capsys.readouterr().out


def test_rules_of_a_file_go_before_those_of_the_layout(
    tool_main, tiny_config, tmp_path, capsys
):
    weight = torch.rand(2, 16, 1, 1)
    theirs = {'RPN.head.cls_logits.weight': weight, 'mine': weight + 1}
    torch.save(dict(model=theirs), tmp_path / 'in.pth')
    (tmp_path / 'rules.yml').write_text(
        '- {pattern: RPN.+, name: rpn_head.rpn_cls.weight}\n'
        '- {pattern: mine, name: unknown}\n'
    )
    arguments = [tmp_path / 'in.pth', tiny_config, 'net.pth', '--layout', 'cpm-pet']
    arguments += ['--partial', '--rules']
    assert tool_main(TOOL, *arguments, tmp_path / 'rules.yml') == 0
    assert 'unused: mine' in capsys.readouterr().out
    written = torch.load(tmp_path / 'net.pth')['state_dict']
    assert torch.equal(written['rpn_head.rpn_cls.weight'], weight)
    assert tool_main(TOOL, *arguments, tmp_path / 'absent.yml') == 2
    assert 'absent.yml' in capsys.readouterr().err


def test_what_fits_nothing_is_one_message(tool_main, tiny_config, tmp_path, capsys):
    torch.save(dict(state_dict={'other': torch.rand(1)}), tmp_path / 'in.pth')
    arguments = [tmp_path / 'in.pth', tiny_config, 'net.pth', '--layout']
    assert tool_main(TOOL, *arguments, 'd2det-mmdet1') == 2
    assert 'holds no weight that d2det-mmdet1 knows' in capsys.readouterr().err
    assert tool_main(TOOL, *arguments, 'nothing') == 2
    assert "invalid choice: 'nothing'" in capsys.readouterr().err
    assert not (tmp_path / 'net.pth').exists()


def test_any_detector_is_a_target(tool_main, tiny_config, tmp_path, capsys):
    wrapped = tmp_path / 'wrapped.py'
    wrapped.write_text(
        f"_base_ = './{tiny_config.name}'\n"
        "model = dict(_delete_=True, type='FrozenBaseDCR', "
        'detector={{_base_.model}}, refiner=dict(\n'
        "    type='CropRefiner', backbone=dict(type='ResNet', depth=18),\n"
        '    in_channels=512, num_classes=2))\n'
    )
    torch.save(dict(state_dict={'other': torch.rand(1)}), tmp_path / 'in.pth')
    arguments = [tmp_path / 'in.pth', wrapped, 'net.pth', '--layout', 'dcr-mxnet']
    assert tool_main(TOOL, *arguments) == 2
    assert 'holds no weight that dcr-mxnet knows' in capsys.readouterr().err
    arguments[1] = tmp_path / 'absent.py'
    assert tool_main(TOOL, *arguments) == 2
    assert 'absent.py does not exist' in capsys.readouterr().err

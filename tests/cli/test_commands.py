import sys
from pathlib import Path

import pytest

from mmdet_plus.cli import commands


@pytest.fixture(autouse=True)
def _own_path(monkeypatch):
    monkeypatch.setattr(sys, 'path', [*sys.path])
    monkeypatch.setattr(sys, 'argv', ['x'])


def test_every_tool_of_users_has_a_command():
    names = commands.own_tools()
    assert {'train', 'test', 'predict', 'check-data', 'zoo', 'report'} <= set(names)
    assert names['make-shapes'].name == 'make_shapes.py'
    assert not {'cuda-check', 'image-demo'} & set(names)


@pytest.mark.parametrize('argv', [[], ['--help'], ['-h']])
def test_help_lists_them(argv, capsys):
    assert commands.main(argv) == 0
    text = capsys.readouterr().out
    assert 'train                 Train a detector' in text
    assert 'host TOOL' in text


def test_a_tool_gets_its_arguments_and_its_name(capsys):
    with pytest.raises(SystemExit) as ended:
        commands.main(['train', '--help'])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith('usage: mmdet_plus train')
    with pytest.raises(SystemExit) as ended:
        commands.main(['test', 'absent.py', 'absent.pth'])
    assert ended.value.code == 2


def test_tools_of_the_host(capsys):
    assert commands.main(['host']) == 0
    assert 'get_flops' in capsys.readouterr().out
    with pytest.raises(SystemExit) as ended:
        commands.main(['host', 'get_flops', '--help'])
    assert ended.value.code == 0
    assert 'flops' in capsys.readouterr().out


@pytest.mark.parametrize('argv', [['trian'], ['host', 'get_flop']])
def test_unknown_tools_are_named(argv, capsys):
    assert commands.main(argv) == 2
    assert f'there is no tool {argv[-1]!r}; there are' in capsys.readouterr().err


def test_tools_of_the_host_find_our_configs_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    tool = tmp_path / 'shown.py'
    tool.write_text(
        'import sys; print(*sys.argv[1:], sep="\\n", file=open("out", "w"))'
    )
    monkeypatch.setattr(commands, 'host_tools', lambda: dict(shown=tool))
    config = 'configs/d2det/d2det_tiny_shapes.py'
    assert commands.main(['host', 'shown', config, '--shape', '64', 'own.py']) == 0
    found, *others = (tmp_path / 'out').read_text().split()
    assert Path(found).is_file()
    assert found.endswith(config)
    assert others == ['--shape', '64', 'own.py']

from pathlib import Path

import pytest
from samples.tools import load_tool

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / 'configs' / 'd2det' / 'd2det_r18_fpn_1x_shapes.py'


@pytest.fixture
def tool():
    return load_tool('analysis_tools/benchmark_scale')


def test_a_table_for_each_quantity(tool, capsys, monkeypatch):
    small = tool.Load(size=64, proposals=20)
    monkeypatch.setattr(tool, 'USUAL', small)
    only = ['--only', 'proposals', 'classes', '--most', '80', '--runs', '1']
    monkeypatch.setitem(tool.STEPS, 'proposals', (20, 40, 1000))
    assert tool.main([str(CONFIG), *only]) == 0
    out = capsys.readouterr().out
    rows = [line for line in out.splitlines() if line[2:3].isdigit()]
    assert [row.split()[1] for row in rows] == ['20', '40', '20', '80']
    assert '| proposals | seconds |' in out


def test_pixels_are_the_unit_of_the_size(tool):
    assert tool.units_of('size', 1000) == 1
    assert tool.units_of('proposals', 1000) == 1000

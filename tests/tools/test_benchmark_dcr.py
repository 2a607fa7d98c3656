from pathlib import Path

import pytest
from samples.tools import load_tool

ROOT = Path(__file__).parents[2]
TOOL = 'analysis_tools/benchmark_dcr'
CONFIGS = ROOT / 'configs' / 'dcr'


@pytest.mark.parametrize('version', ['dcrv1', 'dcrv2'])
def test_table_has_a_row_for_each_fraction(version, capsys):
    config = CONFIGS / f'faster-rcnn-{version}_r18_fpn_1x_shapes.py'
    small = ['--shape', '64', '64', '--proposals', '40', '--runs', '3']
    assert load_tool(TOOL).main([str(config), *small, '--top-p', '1', '0.1', '0']) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if ' % |' in line]
    cells = [[cell.strip() for cell in row.split('|')[1:-1]] for row in rows]
    assert [row[0] for row in cells] == ['100 %', '10 %', '0 %']
    assert cells[0][2] == cells[0][4] == '1.00'
    assert 1 > float(cells[1][4]) > float(cells[2][4])


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['absent.py'], 'config file absent.py does not exist'),
        ([CONFIGS / 'faster-rcnn_r18_fpn_26e_shapes.py'], 'has no refiner'),
        (
            [CONFIGS / 'refinedet320-dcrv1-r50_vgg16_30k_coco.py'],
            'its detector has no proposals',
        ),
        (['--top-p', '3'], 'argument --top-p: must be a finite number from 0 to 1'),
        (['--runs', '0'], 'argument --runs: must be at least 1, got 0'),
    ],
)
def test_what_is_wrong_is_one_message(arguments, message, capsys):
    assert load_tool(TOOL).main([str(argument) for argument in arguments]) == 2
    assert message in capsys.readouterr().err

from pathlib import Path

from samples.tools import load_tool

ROOT = Path(__file__).parents[2]


def test_table_has_a_row_per_detector(capsys):
    module = load_tool('analysis_tools/benchmark_training')
    configs = [
        str(ROOT / 'configs' / 'd2det' / f'{name}_r18_fpn_1x_shapes.py')
        for name in ('faster-rcnn', 'd2det')
    ]
    small = ['--shape', '64', '64', '--objects', '3', '--runs', '1']
    assert module.main([*configs, *small]) == 0
    rows = [row for row in capsys.readouterr().out.splitlines() if '_r18_' in row]
    cells = [[cell.strip() for cell in row.split('|')[1:-1]] for row in rows]
    assert [row[0] for row in cells] == [Path(config).stem for config in configs]
    assert cells[0][2] == '1.00'
    assert all(float(row[1]) > 0 for row in cells)


def test_a_second_row_without_activations(capsys):
    module = load_tool('analysis_tools/benchmark_training')
    config = str(ROOT / 'configs' / 'd2det' / 'd2det_r18_fpn_1x_shapes.py')
    small = ['--shape', '64', '64', '--objects', '3', '--runs', '1']
    parts = ['backbone', 'roi_head.reg_head']
    assert module.main([config, *small, '--checkpointed', *parts]) == 0
    rows = [row for row in capsys.readouterr().out.splitlines() if '_r18_' in row]
    names = [row.split('|')[1].strip() for row in rows]
    stem = 'd2det_r18_fpn_1x_shapes'
    assert names == [stem, f'{stem}, checkpointed']
    assert module.main([config, *small, '--checkpointed', 'nekk']) == 2
    assert "no part 'nekk'" in capsys.readouterr().err

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_table_has_a_row_per_detector(capsys):
    path = ROOT / 'tools' / 'analysis_tools' / 'benchmark_training.py'
    spec = importlib.util.spec_from_file_location('benchmark_training', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
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

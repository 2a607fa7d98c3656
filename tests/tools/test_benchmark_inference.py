import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[2]


def load_tool():
    path = ROOT / 'tools' / 'analysis_tools' / 'benchmark_inference.py'
    spec = importlib.util.spec_from_file_location('benchmark_inference', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_table_has_a_row_per_detector_with_equal_work(capsys):
    configs = [
        str(ROOT / 'configs' / 'd2det' / f'{name}_r18_fpn_1x_shapes.py')
        for name in ('faster-rcnn', 'd2det')
    ]
    small = ['--shape', '64', '64', '--proposals', '20', '--detections', '5']
    load_tool().main([*configs, *small, '--runs', '1'])
    rows = [line for line in capsys.readouterr().out.splitlines() if 'r18' in line]
    cells = [[cell.strip() for cell in row.split('|')[1:-1]] for row in rows]
    assert [row[0] for row in cells] == [Path(config).stem for config in configs]
    assert [row[3] for row in cells] == ['5', '5']
    assert cells[0][2] == '1.00'
    assert float(cells[1][1]) > 0

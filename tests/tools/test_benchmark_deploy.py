from pathlib import Path

import pytest

CONFIGS = Path(__file__).parents[2] / 'configs'


def rows_of(text):
    rows = [line for line in text.splitlines() if line.startswith('|')]
    return [[cell.strip() for cell in row.split('|')[1:-1]] for row in rows]


def test_table_has_a_row_per_model_with_its_zoo_weights(tool_main, capsys):
    name = 'refinedet320_tiny_shapes'
    options = ['--ways', 'eager', '--runs', 1, '--threads', 1]
    assert tool_main('analysis_tools/benchmark_deploy', name, *options) == 0
    text = capsys.readouterr().out
    assert rows_of(text)[0] == ['detector', 'eager']
    assert rows_of(text)[2][0] == name
    assert float(rows_of(text)[2][1]) > 0
    assert '1 threads' in text
    assert 'median of 1' in text


@pytest.mark.slow
def test_all_ways_are_timed_for_a_config(tool_main, capsys):
    options = ['--runs', 1, '--threads', 1, '--detections', 10, '--proposals', 50]
    config = CONFIGS / 'refinedet/refinedet320_tiny_shapes.py'
    assert tool_main('analysis_tools/benchmark_deploy', config, *options) == 0
    titles, _, row = rows_of(capsys.readouterr().out)
    assert titles == ['detector', 'eager', 'compiled', 'ratio', 'onnxruntime', 'ratio']
    seconds = [float(cell) for cell in row[1:]]
    assert seconds[2] == pytest.approx(seconds[1] / seconds[0], rel=0.1)
    assert all(own > 0 for own in seconds)

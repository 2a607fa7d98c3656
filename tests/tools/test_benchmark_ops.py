import re

import pytest
import torch
from samples.tools import load_tool

TINY = ['--rois', '4', '--channels', '4', '--runs', '1']


@pytest.fixture
def benchmark():
    module = load_tool('analysis_tools/benchmark_ops')
    threads = torch.get_num_threads()
    yield module
    torch.set_num_threads(threads)


def test_table(benchmark, capsys):
    benchmark.main([*TINY, '--threads', '1'])
    title, header, _, *rows = capsys.readouterr().out.splitlines()
    assert title.startswith('4 RoIs x 4 channels, float32, 1 threads, torch ')
    assert header == benchmark.HEADER
    assert [row.split(' | ')[:2] for row in rows] == [
        [f'| {op}', label]
        for op in ('deform_roi_align', 'FastRoIAlign', 'local_importance_pool2d')
        for label in ('forward', 'forward + backward')
    ]
    assert all(re.search(r'( \| \d+\.\d+){3}( \| \d+){2} \|$', row) for row in rows)


def test_backward_is_run_for_all_differentiable_inputs(benchmark):
    case = benchmark.build_cases(2, 3)[-1]
    calls = []

    def spy(input, logits):
        input.register_hook(lambda grad: calls.append('input'))
        logits.register_hook(lambda grad: calls.append('logits'))
        return input * logits

    benchmark.run(spy, case.inputs, backward=True)
    assert sorted(calls) == ['input', 'logits']


def test_nothing_is_timed_when_the_results_differ(benchmark, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, 'composed_pool', lambda x, y: x[..., ::2, ::2])
    assert benchmark.main(TINY) == 1
    printed = capsys.readouterr()
    assert 'local_importance_pool2d is not what' in printed.err
    assert printed.out == ''


def test_uncompiled_ops_are_refused(benchmark, monkeypatch, capsys):
    monkeypatch.setattr(benchmark, 'is_compiled', lambda: False)
    assert benchmark.main(TINY) == 2
    assert 'make install' in capsys.readouterr().err

from samples.tools import load_tool

TOOL = 'analysis_tools/benchmark_start'
LOG = """
import time: self [us] | cumulative | imported package
import time:    500000 |    500000 |   scipy._lib
import time:    250000 |    750000 | scipy.stats
import time:   1000000 |   1750000 | mmdet_plus
"""


def test_every_start_is_timed_but_the_first(capsys, monkeypatch):
    module = load_tool(TOOL)
    seconds = iter([9, 9, 9, 9, 1, 2, 3, 4, 3, 4, 5, 6])
    monkeypatch.setattr(module, 'seconds_of', lambda command: next(seconds))
    monkeypatch.setattr(module, 'seconds_by_package', lambda: [('torch', 2.0)])
    assert module.main(['--runs', '2']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split('|')[2].strip() for line in lines[4:8]] == [
        '2.00',
        '3.00',
        '4.00',
        '5.00',
    ]
    assert '| torch | 2.00 |' in lines


def test_seconds_are_those_of_a_package_itself(monkeypatch):
    module = load_tool(TOOL)

    class Done:
        stderr = LOG

    monkeypatch.setattr(module.subprocess, 'run', lambda *args, **kwargs: Done)
    assert module.seconds_by_package() == [('mmdet_plus', 1.0), ('scipy', 0.75)]


def test_a_process_is_started():
    module = load_tool(TOOL)
    assert module.seconds_of(['-c', 'import time; time.sleep(0.2)']) > 0.2

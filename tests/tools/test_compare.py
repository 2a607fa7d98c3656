"""The tool on jobs that are done; of others see analysis/comparison/test_runs.py."""

import json

import pytest

from mmdet_plus.analysis.comparison import times
from mmdet_plus.analysis.comparison.plan import read_plan
from mmdet_plus.analysis.comparison.runs import jobs_of

TOOL = 'analysis_tools/compare'
PLAN = """
title: One against two
seeds: [0, 1]
runs:
  one: {config: one.py}
  two: {config: one.py, options: {model.x: 2}}
claims:
  - {text: Two is better, source: Table 1, better: two, than: one}
"""
BOX = [10.0, 10, 20, 20]
TRUTH = dict(
    images=[dict(id=i, width=64, height=64, file_name=f'{i}.png') for i in (1, 2)],
    categories=[dict(id=1, name='thing')],
    annotations=[
        dict(id=i, image_id=i, category_id=1, bbox=BOX, area=400, iscrowd=0)
        for i in (1, 2)
    ],
)
RESULT = dict(cpu_seconds=60, peak_mib=1, versions={}, threads=1, device='CPU')


@pytest.fixture
def plan(tmp_path):
    """A plan of which the first seed is done."""
    (tmp_path / 'ann.json').write_text(json.dumps(TRUTH))
    (tmp_path / 'one.py').write_text(
        f"model = dict(x=1)\ntest_evaluator = dict(ann_file='{tmp_path}/ann.json')\n"
    )
    path = tmp_path / 'paper' / 'evidence.yml'
    path.parent.mkdir()
    path.write_text(PLAN.replace('one.py', '../one.py'))
    for job in jobs_of(read_plan(path), tmp_path / 'work')[:2]:
        job.folder.mkdir(parents=True)
        images = [1, 2] if job.run.name == 'two' else [1]
        found = [dict(image_id=i, category_id=1, bbox=BOX, score=0.9) for i in images]
        job.predictions('bbox').write_text(json.dumps(found))
        job.result_file.write_text(json.dumps(RESULT))
    return path


def test_what_is_left_is_listed(tool_main, plan, tmp_path, capsys):
    args = [plan, '--work-dir', tmp_path / 'work', '--dry-run']
    assert tool_main(TOOL, *args) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(':')[0] for line in lines] == ['one, seed 1', 'two, seed 1']
    assert tool_main(TOOL, *args, '--runs', 'two') == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert line.startswith('two, seed 1')


def test_a_report_of_what_is_done(tool_main, plan, tmp_path):
    page = tmp_path / 'page.md'
    args = ['--work-dir', tmp_path / 'work', '--report-only', '--page', page]
    assert tool_main(TOOL, plan, *args) == 0
    text = page.read_text()
    assert '| One against two | 0 | 0 | 0 | 1 |' in text
    assert 'AP +0.495 | one seed | ' in text
    assert '1 of 2 seeds so far' in text
    assert '(page/paper.png)' in text
    content = json.loads((tmp_path / 'page' / 'paper.json').read_text())
    assert content['claims'][0]['seeds'] == [0]
    assert (tmp_path / 'page' / 'paper.png').is_file()


def test_times_are_measured_once_and_reported_from_then_on(
    tool_main, plan, tmp_path, monkeypatch
):
    page = tmp_path / 'page.md'
    args = [plan, '--work-dir', tmp_path / 'work', '--report-only', '--page', page]
    asked = []

    keys = [run.key for run in read_plan(plan).runs.values()]

    def time_runs(jobs, rounds):
        asked.append((len(jobs), rounds))
        return {keys[0]: 3.21, keys[1]: 4, 'former': 9}

    monkeypatch.setattr(times, 'time_runs', time_runs)
    for flags in (['--time', 7], []):
        assert tool_main(TOOL, *args, *flags) == 0
        assert '| 3.2 |' in page.read_text()
        assert '![AP against time](page/paper_times.png)' in page.read_text()
    assert asked == [(4, 7)]
    content = json.loads((tmp_path / 'page' / 'paper_times.json').read_text())
    assert content == dict(
        ms={keys[0]: 3.21, keys[1]: 4, 'former': 9}, rounds=7, threads=1
    )


def test_unknown_runs_are_named(tool_main, plan, tmp_path, capsys):
    assert tool_main(TOOL, plan, '--runs', 'three') == 2
    assert "--runs: there is no run 'three' in the plans" in capsys.readouterr().err

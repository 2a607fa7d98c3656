import json

import numpy as np
import pytest

from mmdet_plus.analysis.comparison.measurements import Measured, compare
from mmdet_plus.analysis.comparison.page import (
    COLUMNS,
    plan_page,
    record,
    spread,
    whole_page,
)
from mmdet_plus.analysis.comparison.plan import Claim, Plan, Run
from mmdet_plus.analysis.comparison.runs import jobs_of

CLAIM = Claim('Two is better', 'Table 1', 'two', 'one', why='It sees more.')


@pytest.fixture
def finished(tmp_path):
    """Plan, jobs, results and outcomes of two runs and two seeds."""
    config = tmp_path / 'config.py'
    config.write_text('x = 1\n')
    two = Run('two', config, epochs=4)
    tested = Run('three', config, options={'x': 2}, weights_of=two)
    runs = {'one': Run('one', config), 'two': two, 'three': tested}
    plan = Plan('Two papers', 'About them.', (0, 1), runs, (CLAIM,))
    jobs = jobs_of(plan, tmp_path / 'work')
    results = {}
    for job in jobs:
        if job.run.name == 'three':
            continue
        job.folder.mkdir(parents=True)
        content = dict(
            cpu_seconds=120,
            peak_mib=2048,
            versions=dict(torch=f'2.1{3 + job.seed}'),
            threads=1,
            device='CPU',
        )
        job.result_file.write_text(json.dumps(content))
        value = 0.4 + 0.1 * (job.run.name == 'two') + 0.02 * job.seed
        plain = {column: np.array([value]) for column in COLUMNS}
        drawn = {column: np.full(10, value) for column in COLUMNS}
        results[job.run.name, job.seed, 'bbox'] = Measured(plain, drawn)
    outcomes = [compare(CLAIM, plan.seeds, results)]
    return plan, jobs, results, outcomes


def test_page_has_claims_and_runs_and_what_they_rest_on(finished):
    lines = plan_page(*finished, plots={'Differences': 'a/b.png'}).splitlines()
    assert lines[:3] == ['## Two papers', '', 'About them.']
    runs = [line for line in lines if ' | 4 | 2 | ' in line or ' | 0 | ' in line]
    assert runs[0].startswith('| two | 4 | 2 | 0.510 ± 0.014 |')
    assert runs[0].endswith('| 2.0 | 2.0 |')
    assert runs[1].startswith('| three | as two | 0 |  |')
    claim = next(line for line in lines if line.startswith('| Two is better'))
    assert claim == (
        '| Two is better | Table 1 | AP +0.100 | +0.100 to +0.100 | +0.100 to +0.100 '
        '| holds |'
    )
    assert 'Two is better: It sees more.' in lines
    assert '![Differences](a/b.png)' in lines
    assert lines[-1] == 'Seeds 0, 1; 1 thread on CPU; torch 2.13, 2.14.'


def test_minutes_are_those_of_whole_trainings(finished):
    plan, jobs, results, outcomes = finished
    content = json.loads(jobs[0].result_file.read_text())
    content |= dict(interrupted=True, cpu_seconds=6)
    jobs[0].result_file.write_text(json.dumps(content))
    page = plan_page(plan, jobs, results, outcomes)
    one = next(line for line in page.splitlines() if line.startswith('| one |'))
    assert one.endswith('| 2.0 | 2.0 |')


def test_times_are_a_column_where_there_are_any(finished):
    page = plan_page(*finished, times=dict(two=12.34))
    header = next(line for line in page.splitlines() if line.startswith('| run |'))
    assert header.endswith('| peak GiB | ms an image |')
    one, two = (
        next(line for line in page.splitlines() if line.startswith(start))
        for start in ('| one |', '| two |')
    )
    assert one.endswith('| 2.0 |  |')
    assert two.endswith('| 2.0 | 12.3 |')
    counts = {line.count('|') for line in (header, one, two)}
    unfinished = next(line for line in page.splitlines() if line.startswith('| three'))
    assert counts == {unfinished.count('|')} == {13}


def test_what_is_not_measured_is_said(finished):
    plan, jobs, _, _ = finished
    outcome = compare(CLAIM, plan.seeds, {})
    page = plan_page(plan, jobs, {}, [outcome])
    assert '| Two is better | Table 1 | AP |  |  | not measured yet |' in page


def test_the_page_counts_verdicts(finished):
    plan, _, _, outcomes = finished
    unknown = compare(CLAIM, plan.seeds, {})
    page = whole_page([(plan, [*outcomes, unknown], '## Two papers\n')])
    assert page.startswith('# Evidence\n')
    assert '| Two papers | 1 | 0 | 0 | 1 |' in page.splitlines()
    assert page.endswith('\n\n## Two papers\n')


def test_a_plan_without_claims_is_not_counted(finished):
    plan, _, _, outcomes = finished
    plain = Plan('Times', '', (0,), plan.runs, ())
    page = whole_page([(plan, outcomes, '## Two papers\n'), (plain, [], '## Times\n')])
    assert '| Times |' not in page
    assert page.endswith('## Times\n')


def test_numbers_for_programs(finished):
    content = json.loads(json.dumps(record(*finished)))
    assert content['claims'][0]['verdict'] == 'holds'
    assert content['claims'][0]['over_images']['low'] == pytest.approx(0.1)
    assert len(content['trainings']) == len(content['figures']) == 4
    assert content['figures'][1]['AP'] == pytest.approx(0.5)


def test_numbers_that_are_not_there_are_null(finished):
    plan, jobs, _, _ = finished
    content = record(plan, jobs, {}, [compare(CLAIM, plan.seeds, {})])
    assert content['claims'][0]['over_seeds'] == dict(value=None, low=None, high=None)
    json.dumps(content, allow_nan=False)


def test_spread_of_one_value_is_the_value():
    assert spread([0.25]) == '0.250'

import json

import numpy as np
import pytest

from mmdet_plus.analysis.comparison.measurements import Measured, compare
from mmdet_plus.analysis.comparison.page import (
    COLUMNS,
    plan_page,
    plot_outcomes,
    record,
    spread,
)
from mmdet_plus.analysis.comparison.plan import Claim, Plan, Run
from mmdet_plus.analysis.comparison.runs import jobs_of

CLAIM = Claim('Two is better', 'Table 1', 'two', 'one', why='It sees more.')


@pytest.fixture
def finished(tmp_path):
    """Plan, jobs, results and outcomes of two runs and two seeds."""
    config = tmp_path / 'config.py'
    config.write_text('x = 1\n')
    runs = {'one': Run('one', config), 'two': Run('two', config, epochs=4)}
    plan = Plan('Two papers', 'About them.', (0, 1), runs, (CLAIM,))
    jobs = jobs_of(plan, tmp_path / 'work')
    results = {}
    for job in jobs:
        job.folder.mkdir(parents=True)
        content = dict(seconds=120, peak_mib=2048, versions=dict(torch='2.13'))
        job.result_file.write_text(json.dumps(content))
        value = 0.4 + 0.1 * (job.run.name == 'two') + 0.02 * job.seed
        plain = {column: np.array([value]) for column in COLUMNS}
        drawn = {column: np.full(10, value) for column in COLUMNS}
        results[job.run.name, job.seed, 'bbox'] = Measured(plain, drawn)
    outcomes = [compare(CLAIM, plan.seeds, results)]
    return plan, jobs, results, outcomes


def test_page_has_runs_claims_and_what_they_rest_on(finished):
    page = plan_page(*finished)
    lines = page.splitlines()
    assert lines[:3] == ['## Two papers', '', 'About them.']
    assert any(
        line.startswith('| one | of the config | 0.410 ± 0.014 |')
        and line.endswith('| 2 | 2.0 |')
        for line in lines
    )
    assert any(line.startswith('| two | 4 | 0.510 ± 0.014 |') for line in lines)
    claim = next(line for line in lines if line.startswith('| Two is better'))
    assert claim == (
        '| Two is better | Table 1 | AP +0.100 | +0.100 to +0.100 | +0.100 to +0.100 '
        '| holds |'
    )
    assert 'Two is better: It sees more.' in lines
    assert lines[-1] == 'Seeds 0, 1; torch 2.13.'


def test_numbers_for_programs(finished):
    content = json.loads(json.dumps(record(*finished)))
    assert content['claims'][0]['verdict'] == 'holds'
    assert content['claims'][0]['over_images']['low'] == pytest.approx(0.1)
    assert len(content['trainings']) == len(content['figures']) == 4
    assert content['figures'][1]['AP'] == pytest.approx(0.5)


def test_picture(finished, tmp_path):
    plot_outcomes(finished[-1], tmp_path / 'differences.png')
    assert (tmp_path / 'differences.png').stat().st_size > 5000


def test_spread_of_one_value_is_the_value():
    assert spread([0.25]) == '0.250'

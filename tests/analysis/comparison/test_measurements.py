import json
import math
from dataclasses import replace

import numpy as np
import pytest

from mmdet_plus.analysis.comparison.measurements import (
    Measured,
    compare,
    measure,
    seed_interval,
)
from mmdet_plus.analysis.comparison.plan import Claim, Plan, Run
from mmdet_plus.analysis.comparison.runs import jobs_of
from mmdet_plus.errors import UserError

CLAIM = Claim('Two is better.', 'Table 1', 'two', 'one')


def results(one, two, moved=0.01):
    """Figures of two runs, seed by seed, and 100 draws around them."""
    noise = np.linspace(-moved, moved, 100)
    return {
        (name, seed, 'bbox'): Measured(
            dict(AP=np.array([value])), dict(AP=value + sign * noise)
        )
        for name, values, sign in (('one', one, 0), ('two', two, 1))
        for seed, value in enumerate(values)
    }


def test_interval_over_seeds_is_students():
    mean, low, high = seed_interval([0.01, 0.02, 0.03])
    assert mean == pytest.approx(0.02)
    # t of 0.975 with two degrees of freedom is 4.303.
    assert high - mean == pytest.approx(4.3027 * 0.01 / math.sqrt(3), rel=1e-4)
    assert mean - low == pytest.approx(high - mean)


def test_one_seed_says_nothing_of_others():
    assert math.isnan(seed_interval([0.1]).low)


@pytest.mark.parametrize(
    ('one', 'two', 'moved', 'verdict'),
    [
        ((0.1, 0.2, 0.3), (0.2, 0.301, 0.4), 0.01, 'holds'),
        ((0.2, 0.301, 0.4), (0.1, 0.2, 0.3), 0.01, 'contradicted'),
        ((0.1, 0.2, 0.3), (0.3, 0.2, 0.4), 0.01, 'does not show here'),
        ((0.1, 0.2, 0.3), (0.2, 0.301, 0.4), 0.5, 'does not show here'),
    ],
)
def test_verdict_needs_both_intervals(one, two, moved, verdict):
    outcome = compare(CLAIM, range(len(one)), results(one, two, moved))
    assert outcome.verdict == verdict
    assert outcome.over_seeds.value == pytest.approx(np.mean(two) - np.mean(one))


def test_what_should_be_less():
    claim = replace(CLAIM, less=True)
    given = results((0.2, 0.301, 0.4), (0.1, 0.2, 0.3))
    assert compare(claim, range(3), given).verdict == 'holds'
    given = results((0.1, 0.2, 0.3), (0.2, 0.301, 0.4))
    assert compare(claim, range(3), given).verdict == 'contradicted'


def test_seeds_that_only_one_run_has_are_left_out():
    outcome = compare(CLAIM, (0, 1, 2), results((0.1, 0.2, 0.3), (0.2, 0.301)))
    assert outcome.seeds == [0, 1]
    assert outcome.verdict == '2 of 3 seeds so far'
    assert outcome.over_seeds.value == pytest.approx(0.1005)


def test_nothing_is_said_of_what_was_not_measured():
    outcome = compare(CLAIM, (0, 1, 2), results((0.1, 0.2, 0.3), ()))
    assert outcome.verdict == 'not measured yet'
    assert math.isnan(outcome.over_seeds.value)


def test_seeds_are_paired():
    """Runs whose AP varies more than their difference."""
    outcome = compare(CLAIM, range(3), results((0.1, 0.5, 0.9), (0.11, 0.511, 0.91)))
    assert outcome.over_seeds.low > 0.008


def test_unknown_figures_are_named():
    claim = Claim('', '', 'two', 'one', figure='APx')
    with pytest.raises(UserError, match="no figure 'APx'; there are AP"):
        compare(claim, range(1), results((0.1,), (0.2,)))


def test_predictions_are_measured_on_the_ground_truth_of_the_config(tmp_path):
    box = [10.0, 10, 20, 20]
    content = dict(
        images=[dict(id=i, width=64, height=64, file_name=f'{i}.png') for i in (1, 2)],
        categories=[dict(id=1, name='thing')],
        annotations=[
            dict(id=i, image_id=i, category_id=1, bbox=box, area=400, iscrowd=0)
            for i in (1, 2)
        ],
    )
    (tmp_path / 'ann.json').write_text(json.dumps(content))
    config = tmp_path / 'one.py'
    config.write_text(f"test_evaluator = [dict(ann_file='{tmp_path}/ann.json')]\n")
    run = Run('one', config)
    jobs = jobs_of(Plan('', '', (0,), {'one': run}, ()), tmp_path / 'work')
    jobs[0].folder.mkdir(parents=True)
    found = [dict(image_id=1, category_id=1, bbox=box, score=0.9)]
    jobs[0].predictions('bbox').write_text(json.dumps(found))
    assert measure(jobs) == {}  # not done
    jobs[0].result_file.write_text('{}')
    measured = measure(jobs)
    assert [*measured] == [('one', 0, 'bbox')]
    assert measured['one', 0, 'bbox'].plain['AP'][0] == pytest.approx(51 / 101)
    assert measured['one', 0, 'bbox'].resampled['AP'].shape == (1000,)
    rate = 'false positives per object at recall 0.5'
    assert measured['one', 0, 'bbox'].plain[rate] == 0
    # Read again, not measured again, until the predictions change.
    config.write_text('test_evaluator = dict()\n')
    again = measure(jobs)
    assert again['one', 0, 'bbox'].plain['AP'] == measured['one', 0, 'bbox'].plain['AP']


def test_an_evaluator_without_annotations_is_an_error(tmp_path):
    config = tmp_path / 'one.py'
    config.write_text('test_evaluator = dict()\n')
    jobs = jobs_of(
        Plan('', '', (0,), {'one': Run('one', config)}, ()), tmp_path / 'work'
    )
    jobs[0].folder.mkdir(parents=True)
    jobs[0].predictions('bbox').write_text('[]')
    jobs[0].result_file.write_text('{}')
    with pytest.raises(UserError, match='test_evaluator names no ann_file'):
        measure(jobs)

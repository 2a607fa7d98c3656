import pytest

from mmdet_plus.analysis.comparison.plan import read_plan
from mmdet_plus.errors import UserError

PLAN = """
title: One against two
seeds: [0, 1, 0]
epochs: 3
options: {load_from: start.pth, a: 1}
runs:
  one: {config: one.py}
  two: {config: one.py, epochs: 5, options: {a: 2}}
claims:
  - {text: Two is better, source: Table 1, better: two, than: one}
"""


@pytest.fixture
def write(tmp_path):
    (tmp_path / 'one.py').write_text('x = 1\n')

    def write(text):
        path = tmp_path / 'plan.yml'
        path.write_text(text)
        return path

    return write


def test_runs_add_to_the_options_of_the_plan(write):
    plan = read_plan(write(PLAN))
    one, two = plan.runs.values()
    assert (one.epochs, one.options) == (3, {'load_from': 'start.pth', 'a': 1})
    assert (two.epochs, two.options) == (5, {'load_from': 'start.pth', 'a': 2})
    assert plan.seeds == (0, 1)
    claim = plan.claims[0]
    assert (claim.figure, claim.kind, claim.why) == ('AP', 'bbox', '')


def test_the_key_changes_with_config_epochs_and_options(write, tmp_path):
    plan = read_plan(write(PLAN))
    first, second = (run.key for run in plan.runs.values())
    assert first.startswith('one-')
    assert first != second
    assert first == read_plan(write(PLAN)).runs['one'].key
    (tmp_path / 'one.py').write_text('x = 2\n')
    assert first != plan.runs['one'].key


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('title', 'titel', "unknown key 'titel'"),
        ('seeds: [0, 1, 0]', '', "needs the key 'seeds'"),
        ('[0, 1, 0]', 'three', "seeds must be a list of numbers, got 'three'"),
        ('config: one.py}', 'config: none.py}', 'none.py does not exist'),
        ('epochs: 3', 'epochs: 0', 'epochs must be at least 1, got 0'),
        ('better: two', 'better: tow', "there is no run 'tow'"),
        ('than: one', 'than: one, kind: box', "kind must be .* got 'box'"),
        ('config: one.py}', 'konfig: one.py}', "run 'one' has the unknown key"),
        ('runs:', 'runs: 3\nx:', 'unknown key'),
        ('{load_from: start.pth, a: 1}', '3', 'options must be keys and values'),
        ('title:', '!!python/name:os.system title:', 'is no plan'),
        (PLAN, '- 1', 'must be keys and values'),
    ],
)
def test_what_is_wrong_is_named(write, old, new, message):
    with pytest.raises(UserError, match=message):
        read_plan(write(PLAN.replace(old, new, 1)))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UserError, match=r'plan\.yml is no plan'):
        read_plan(tmp_path / 'plan.yml')

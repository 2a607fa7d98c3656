from pathlib import Path

import pytest

from mmdet_plus.analysis.comparison import plan as plans
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
  three: {weights_of: two, options: {model.x: 7}}
  four: {config: one.py, changes: more.py, after: one, options: {model.y.0.z: 3}}
claims:
  - {text: Two is better, source: Table 1, better: two, than: one}
"""


@pytest.fixture
def write(tmp_path):
    plans._load.cache_clear()
    (tmp_path / 'one.py').write_text('model = dict(x=1, y=[dict(z=1)])\nnote = 3\n')
    (tmp_path / 'more.py').write_text('model = dict(x=5)\nload_from = "start.pth"\n')

    def write(text):
        path = tmp_path / 'plan.yml'
        path.write_text(text)
        return path

    return write


def test_runs_add_to_the_options_of_the_plan(write):
    plan = read_plan(write(PLAN))
    one, two, _, _ = plan.runs.values()
    assert (one.epochs, one.options) == (3, {'load_from': 'start.pth', 'a': 1})
    assert (two.epochs, two.options) == (5, {'load_from': 'start.pth', 'a': 2})
    assert plan.seeds == (0, 1)
    claim = plan.claims[0]
    assert (claim.figure, claim.kind, claim.why) == ('AP', 'bbox', '')


def test_the_key_changes_with_config_epochs_and_options(write, tmp_path):
    plan = read_plan(write(PLAN))
    keys = [run.key for run in plan.runs.values()]
    first = keys[0]
    assert first.startswith('one-')
    assert len(set(keys)) == 4
    assert first == read_plan(write(PLAN)).runs['one'].key
    (tmp_path / 'one.py').write_text('model = dict(x=2)\n')
    plans._load.cache_clear()
    assert first != plan.runs['one'].key


def test_the_key_is_that_of_what_matters(write, tmp_path):
    """Notes in a config, and hooks that only watch, may change."""
    plan = read_plan(write(PLAN))
    first = plan.runs['one'].key
    (tmp_path / 'one.py').write_text('model = dict(x=1, y=[dict(z=1)])\nnote = 4\n')
    plans._load.cache_clear()
    assert plan.runs['one'].key == first


def test_a_run_with_the_weights_of_another_is_that_but_for_its_options(write):
    three = read_plan(write(PLAN)).runs['three']
    assert (three.weights_of.name, three.epochs) == ('two', 5)
    assert three.options == {'load_from': 'start.pth', 'a': 2, 'model.x': 7}
    assert three.content().model == dict(x=7, y=[dict(z=1)])
    assert three.source is three.weights_of


def test_changes_are_laid_over_the_config_and_options_over_both(write):
    four = read_plan(write(PLAN)).runs['four']
    assert four.content().model == dict(x=5, y=[dict(z=3)])
    assert four.content().load_from == 'start.pth'
    assert four.source.name == 'one'


def test_the_example_of_the_documents_is_a_plan(tmp_path):
    document = Path(__file__).parents[3] / 'docs' / 'comparisons.md'
    text = document.read_text().split('```yaml\n')[1].split('```')[0]
    (tmp_path / 'plan.yml').write_text(text)
    for name in ('my_detector.py', 'my_refiner.py', 'my_data.py'):
        (tmp_path / name).write_text('')
    plan = read_plan(tmp_path / 'plan.yml')
    assert [*plan.runs] == ['plain', 'large', 'large, soft-NMS', 'refined']
    assert plan.runs['refined'].after is plan.runs['plain']


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
        ('changes: more.py', 'changes: most.py', r'most\.py does not exist'),
        ('weights_of: two', 'weights_of: four', "no run 'four' before it"),
        ('after: one', 'after: three', "'three' has no weights of its own"),
        ('weights_of: two', 'weights_of: two, epochs: 3', "unknown key 'epochs'"),
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


BORROWING = """
title: Borrowed
seeds: [0]
runs:
  two: {plan: plan.yml}
  three: {plan: plan.yml}
"""


def test_runs_of_another_plan_are_its_runs(write, tmp_path):
    plan = read_plan(write(PLAN))
    (tmp_path / 'other.yml').write_text(BORROWING)
    borrowed = read_plan(tmp_path / 'other.yml')
    assert borrowed.runs == {name: plan.runs[name] for name in ('two', 'three')}


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('  two: {plan: plan.yml}\n', '', "'three' needs 'two' of"),
        ('two: {plan: plan.yml}', 'two: {config: one.py}', "'three' needs 'two' of"),
        ('two:', 'tow:', "'tow': there is no such run in"),
        ('{plan: plan.yml}', '{plan: 3}', 'expected the name of a file, got 3'),
        ('{plan: plan.yml}', '{plan: none.yml}', r'none\.yml does not exist'),
        ('{plan: plan.yml}', '{plan: other.yml}', r'other\.yml: takes a run from'),
        ('{plan: plan.yml}', '{plan: plan.yml, epochs: 3}', "unknown key 'epochs'"),
    ],
)
def test_what_cannot_be_borrowed_is_named(write, tmp_path, old, new, message):
    write(PLAN)
    (tmp_path / 'other.yml').write_text(BORROWING.replace(old, new, 1))
    with pytest.raises(UserError, match=message):
        read_plan(tmp_path / 'other.yml')

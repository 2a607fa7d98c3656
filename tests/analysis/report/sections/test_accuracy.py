import pytest

from mmdet_plus.analysis.report.sections.accuracy import (
    accuracy,
    advice,
    objects_by_size,
)

NUMBERS = dict(AP50=0.8, AP75=0.6, APs=0.5, APm=0.5, APl=0.1)
MANY = dict(APs=100, APm=100, APl=100)


def test_advice_needs_objects():
    assert 'Weak on large objects (APl 0.100)' in advice(NUMBERS, MANY)
    assert advice(NUMBERS, dict(MANY, APl=29)) == ''
    assert 'Weak on large' in advice(NUMBERS, dict(MANY, APl=30))
    loose = dict(NUMBERS, APl=0.5, AP75=0.4)
    assert advice(loose, MANY).startswith('AP75 is far below AP50')
    assert advice(loose, dict(APs=10, APm=19, APl=0)) == ''
    assert 'Nothing is found' in advice(dict(NUMBERS, AP50=0.0), MANY)


def test_sizes_with_few_objects_are_noted(five):
    assert objects_by_size(five) == dict(APs=6, APm=2, APl=0)
    section = accuracy(five)
    note = 'Resting on few objects: APs on 6, APm on 2. No advice on them.'
    assert note in section.notes
    assert section.advice == ''
    (table,) = [t for t in section.tables if t.name == 'classes']
    assert table.rows[2]['AR@100'] == pytest.approx(0.25)

import numpy as np

from mmdet_plus.analysis.report.sensitivity import levels


def test_levels_are_a_tenth_a_fifth_and_so_on():
    values, labels = np.arange(10.0)[::-1], np.zeros(10, int)
    assert levels(values, labels)[::-1].tolist() == [0, 1, 1, 2, 2, 2, 2, 3, 3, 4]
    assert levels(np.arange(5.0), labels[:5]).tolist() == [1, 2, 2, 2, 3]
    assert levels(np.arange(2.0), labels[:2]).tolist() == [1, 3]


def test_equal_objects_are_of_one_level():
    assert levels(np.ones(7), np.zeros(7, int)).tolist() == [2] * 7
    # Two of ten at either end: a share of .1 and of .9.
    values = np.array([1, 1, 2, 3, 4, 5, 6, 7, 8, 8.0])
    found = levels(values, np.zeros(10, int)).tolist()
    assert found == [1, 1, 1, 2, 2, 2, 2, 3, 3, 3]


def test_each_class_has_its_own_levels():
    values = np.array([1, 100, 2, 200.0])
    assert levels(values, np.array([0, 1, 0, 1])).tolist() == [1, 1, 3, 3]

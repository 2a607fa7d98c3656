import numpy as np
import pytest
from mmengine.logging import HistoryBuffer

from mmdet_plus.zoo.allowed_types import MAX_DEPTH, UnsafeCheckpointError, check_values


def nested(depth):
    result = []
    for _ in range(depth):
        result = [result]
    return result


def history_with(array):
    history = HistoryBuffer([1.0], [1])
    history._log_history = array
    return history


FIELDS = np.zeros(2, dtype=[('a', 'f8'), ('b', 'i4')])


@pytest.mark.parametrize(
    'value',
    [
        FIELDS,
        FIELDS[0],
        FIELDS.dtype,
        np.array([None]),
        [dict(a=(FIELDS,))],
        history_with(FIELDS),
    ],
)
def test_arrays_that_are_not_of_numbers_are_refused(value):
    with pytest.raises(UnsafeCheckpointError, match='not of plain numbers'):
        check_values(value)


def test_what_training_writes_passes():
    circle = [1]
    circle.append(circle)
    check_values(
        dict(a=np.eye(2), b=np.float32(1), c=np.str_('x'), d=circle, e={(1, 2): {3}})
    )
    check_values(history_with(np.ones(3)))


def test_depth_is_bounded():
    check_values(nested(MAX_DEPTH - 2))
    with pytest.raises(UnsafeCheckpointError, match='nested more than'):
        check_values(nested(MAX_DEPTH + 1))

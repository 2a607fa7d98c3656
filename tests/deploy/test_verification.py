import numpy as np
import pytest

from mmdet_plus.deploy.detections import Detections
from mmdet_plus.deploy.verification import NOTHING, add_image, images_in, match
from mmdet_plus.errors import UserError


def found(*rows):
    boxes = np.array([[x, 0, x + 10, 10] for x, _, _ in rows], np.float32)
    scores = np.array([score for _, score, _ in rows], np.float32)
    labels = np.array([label for _, _, label in rows], np.int64)
    return Detections(boxes.reshape(-1, 4), scores, labels)


BOTH = found((0, 0.9, 0), (50, 0.8, 1))


def test_order_does_not_matter():
    swapped = Detections(*(part[::-1] for part in BOTH[:3]))
    assert match(BOTH, swapped) == ([(0, 1), (1, 0)], [])


def test_small_differences_are_equal_and_reported():
    other = found((0.04, 0.9, 0), (50, 0.80009, 1))
    difference = add_image(NOTHING, 'a', BOTH, other, 100)
    assert difference.is_equal
    assert difference.boxes == pytest.approx(0.04, abs=1e-5)
    assert difference.scores == pytest.approx(9e-5, abs=1e-6)
    assert '2 detections' in str(difference)


@pytest.mark.parametrize(
    'other',
    [
        found((0.06, 0.9, 0), (50, 0.8, 1)),
        found((0, 0.9, 0), (50, 0.8002, 1)),
        found((0, 0.9, 1), (50, 0.8, 1)),
        found((0, 0.9, 0)),
        found((0, 0.9, 0), (50, 0.8, 1), (90, 0.1, 1)),
        found(),
    ],
)
def test_larger_ones_are_not(other):
    assert not add_image(NOTHING, 'a', BOTH, other, 100).is_equal


def test_at_the_cut_off_detections_that_score_alike_may_be_exchanged():
    other = found((0, 0.9, 0), (90, 0.8, 1))
    assert add_image(NOTHING, 'a', BOTH, other, 2).is_equal
    assert not add_image(NOTHING, 'a', BOTH, other, 3).is_equal


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(UserError, match='holds no image'):
        images_in(str(tmp_path))
    with pytest.raises(UserError, match='there is no folder'):
        images_in(str(tmp_path / 'none'))

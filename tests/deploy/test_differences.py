import numpy as np
import pytest

from mmdet_plus.deploy.detections import Detections
from mmdet_plus.deploy.differences import Difference, add_image, match


def found(*rows, masks=None, mask_scores=None):
    boxes = np.array([[x, 0, x + 10, 10] for x, _, _ in rows], np.float32)
    scores = np.array([score for _, score, _ in rows], np.float32)
    labels = np.array([label for _, _, label in rows], np.int64)
    return Detections(boxes.reshape(-1, 4), scores, labels, masks, mask_scores)


BOTH = found((0, 0.9, 0), (50, 0.8, 1))
OTHER = found((0, 0.9, 0), (70, 0.8, 1))


def difference(expected, other, max_detections=100, noisy=()):
    return add_image(
        Difference(), 'a', expected, other, max_detections, lambda: list(noisy)
    )


def test_order_does_not_matter():
    swapped = Detections(*(part[::-1] for part in BOTH[:3]))
    assert match(BOTH, swapped, 1.0, 0.1) == ([(0, 1), (1, 0)], [], [])


def test_the_nearest_is_the_partner():
    two = found((0.5, 0.9, 0), (0.1, 0.9, 0))
    assert match(found((0, 0.9, 0)), two, 1.0, 0.1) == ([(0, 1)], [], [0])


def test_small_differences_are_equal_and_reported():
    result = difference(BOTH, found((0.04, 0.9, 0), (50, 0.80009, 1)))
    assert result.is_equal
    assert result.boxes == pytest.approx(0.04, abs=1e-5)
    assert result.scores == pytest.approx(9e-5, abs=1e-6)
    assert '2 detections' in str(result)


@pytest.mark.parametrize(
    ('other', 'unmatched'),
    [
        (found((0.06, 0.9, 0), (50, 0.8, 1)), 0),
        (found((0, 0.9, 0), (50, 0.8002, 1)), 0),
        (found((0, 0.9, 1), (50, 0.8, 1)), 2),
        (found((0, 0.9, 0)), 1),
        (found((0, 0.9, 0), (50, 0.8, 1), (90, 0.1, 1)), 1),
        (found((0, 0.5, 0), (50, 0.8, 1)), 2),
        (found(), 2),
    ],
)
def test_larger_ones_are_not(other, unmatched):
    result = difference(BOTH, other, noisy=[BOTH, BOTH])
    assert not result.is_equal
    assert result.unmatched == unmatched
    assert result.unsteady == 0


def test_the_size_of_a_larger_one_is_reported():
    assert difference(BOTH, found((0.5, 0.9, 0), (50, 0.8, 1))).boxes == 0.5


def test_at_the_cut_off_detections_that_score_alike_may_be_exchanged():
    assert difference(BOTH, OTHER, max_detections=2).is_equal
    assert not difference(BOTH, OTHER, max_detections=3).is_equal


def test_what_noise_makes_the_first_detector_find_instead_is_equal():
    result = difference(BOTH, OTHER, noisy=[BOTH, OTHER])
    assert result.is_equal
    assert (result.unmatched, result.unsteady) == (0, 2)
    assert '2 detections are found by one only, as rounding decides' in str(result)


def test_what_noise_makes_it_lose_is_not_enough_for_another_detection():
    result = difference(BOTH, OTHER, noisy=[found((0, 0.9, 0))])
    assert (result.unmatched, result.unsteady) == (1, 1)
    assert 'in a' in str(result)


def test_noise_excuses_no_box_that_is_somewhat_away():
    moved = found((0, 0.9, 0), (50.5, 0.8, 1))
    assert not difference(BOTH, moved, noisy=[moved, BOTH]).is_equal


def test_masks_and_their_scores_are_compared():
    mask = np.zeros((1, 40, 40), bool)
    mask[0, :20] = True
    other = mask.copy()
    other[0, 20, :20] = True
    rating = np.array([0.7], np.float32)
    first = found((0, 0.9, 0), masks=mask, mask_scores=rating)
    result = difference(first, found((0, 0.9, 0), masks=other, mask_scores=rating))
    assert result.masks == pytest.approx(20 / 820)
    assert not result.is_equal
    assert '2.4 % of their pixels' in str(result)
    worse = found((0, 0.9, 0), masks=mask, mask_scores=rating - 0.01)
    assert difference(first, worse).scores == pytest.approx(0.01, abs=1e-6)
    assert difference(first, first).is_equal
    bare = found((0, 0.9, 0))
    assert difference(first, bare).masks == difference(bare, first).masks == 1
    assert not difference(first, bare).is_equal


def test_images_in_which_nothing_is_found_prove_nothing():
    nothing = found()
    assert 'nothing was found, so compare on other images' in str(
        difference(nothing, nothing)
    )
    assert 'nothing was found' not in str(difference(BOTH, BOTH))

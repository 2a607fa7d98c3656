import numpy as np
import torch

from mmdet_plus.analysis.explanation.d2det import sampling_points


def test_sampling_points_by_hand():
    offset = torch.zeros(2, 2, 2)
    offset[0, 0, 1] = 2.0  # the upper right one, to the right
    regular, moved = sampling_points(offset, 0.1)
    assert regular.tolist() == [[0.25, 0.25], [0.75, 0.25], [0.25, 0.75], [0.75, 0.75]]
    np.testing.assert_allclose(moved - regular, [[0, 0], [0.2, 0], [0, 0], [0, 0]])

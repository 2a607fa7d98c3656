import numpy as np
import pytest
from samples import dcr
from samples.deploy import build, two_images

from mmdet_plus.deploy.verification import detect_with_pytorch, images_in
from mmdet_plus.errors import UserError


def test_a_folder_without_images_is_named(tmp_path):
    with pytest.raises(UserError, match='holds no image'):
        images_in(str(tmp_path))
    with pytest.raises(UserError, match='there is no folder'):
        images_in(str(tmp_path / 'none'))


def test_noise_moves_what_is_found_by_little_and_always_alike():
    model = build(dcr.detector_config())
    plain, first, again = (
        detect_with_pytorch(model, two_images(), noise_seed=seed)[0].scores
        for seed in (None, 0, 0)
    )
    np.testing.assert_array_equal(first, again)
    assert 0 < np.abs(first - plain).max() < 0.05


def test_masks_are_compared_too():
    model = build(dcr.mask_config())
    found = detect_with_pytorch(model, two_images())[0]
    assert found.masks.shape == (len(found.scores), 128, 192)
    assert found.masks.any()

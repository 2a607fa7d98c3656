from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from samples import dcr
from samples.deploy import build, model_info, two_images

from mmdet_plus.deploy.verification import _batches, detect_with_pytorch, images_in
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


def test_images_are_as_bright_as_in_one_call_of_the_detector(tmp_path):
    paths = [tmp_path / 'day.png', tmp_path / 'night.png']
    for path, value in zip(paths, (65535, 4080), strict=True):
        cv2.imwrite(str(path), np.full((40, 60, 3), value, np.uint16))
    exported = SimpleNamespace(info=model_info(shape=[40, 60], dynamic=False))
    batches = [inputs.images for _, inputs in _batches(paths, exported)]
    assert [batch.max() for batch in batches] == [255, 15, 255]
    assert batches[-1][1].max() == 15

import numpy as np
import pytest
import torch
from mmdet.models.roi_heads.mask_heads.fcn_mask_head import _do_paste_mask
from pycocotools import mask as coco_mask

from mmdet_plus.deploy.masks import encode_mask, paste_masks


def test_masks_are_pasted_as_mmdetection_pastes_them():
    rng = np.random.default_rng(0)
    masks = rng.random((6, 28, 28), np.float32)
    boxes = rng.random((6, 4), np.float32) * 40
    boxes[:, 2:] += boxes[:, :2] + 1
    expected, _ = _do_paste_mask(
        torch.from_numpy(masks)[:, None], torch.from_numpy(boxes), 60, 70, False
    )
    found = paste_masks(masks, boxes, (60, 70), 0.5)
    unsure = (expected - 0.5).abs().numpy() < 1e-4
    assert found.shape == (6, 60, 70)
    assert found.any()
    np.testing.assert_array_equal(found[~unsure], (expected >= 0.5).numpy()[~unsure])


def test_boxes_without_extent_are_pasted_as_mmdetection_pastes_them():
    mask = np.random.default_rng(0).random((1, 28, 28), np.float32)
    for box in ([5, 5, 5, 19], [4, 7, 30, 7], [0, 3, 0, 3]):
        boxes = np.array([box], np.float32)
        expected, place = _do_paste_mask(
            torch.from_numpy(mask)[:, None], torch.from_numpy(boxes), 20, 20
        )
        found = paste_masks(mask, boxes, (20, 20), 0.5)
        np.testing.assert_array_equal(found[0][place], expected[0].numpy() >= 0.5)
        assert found.sum() == (expected >= 0.5).sum()


def test_boxes_outside_give_empty_masks():
    boxes = np.array([[90, 90, 99, 99]], np.float32)
    assert not paste_masks(np.ones((1, 4, 4), np.float32), boxes, (20, 20), 0.5).any()


@pytest.mark.parametrize('density', [0.0, 0.02, 0.5, 1.0])
def test_run_lengths_are_those_of_coco(density):
    rng = np.random.default_rng(1)
    for size in ((1, 1), (7, 5), (300, 400)):
        mask = rng.random(size) < density
        expected = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
        found = encode_mask(mask)
        assert found == dict(size=[*size], counts=expected['counts'].decode())

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from samples.dcr import NUM_CLASSES, crop_config, images
from torch.nn import functional as F

from mmdet_plus.models.roi_heads.refiners.box_refiner import RefinerInputs
from mmdet_plus.models.roi_heads.refiners.crop_refiner import crop_and_resize

ROIS = torch.tensor(
    [[0.0, 3, 5, 19, 13], [1, 0, 0, 96, 64], [1, 90.5, 60.25, 96, 64], [0, 7, 7, 8, 8]]
)


def build(**changes):
    init_default_scope('mmdet')
    torch.manual_seed(0)
    refiner = MODELS.build(crop_config(**changes))
    refiner.init_weights()
    return refiner


def loop_crop(image, box, size):
    """One sample after the other, by the definition of bilinear interpolation."""
    channels, height, width = image.shape
    crop = torch.zeros(channels, size, size)

    def neighbours(low, high, step, limit):
        first = min(max(int(low // 1), 0), limit - 1)
        last = max(min(int(-(-high // 1)) - 1, limit - 1), first)
        place = low + (high - low) * (step + 0.5) / size - 0.5
        place = min(max(place, first), last)
        before = int(place)
        return before, min(before + 1, last), place - before

    x1, y1, x2, y2 = box
    for i in range(size):
        top, bottom, down = neighbours(y1, y2, i, height)
        for j in range(size):
            left, right, across = neighbours(x1, x2, j, width)
            upper = image[:, top, left] * (1 - across) + image[:, top, right] * across
            lower = image[:, bottom, left] * (1 - across)
            lower = lower + image[:, bottom, right] * across
            crop[:, i, j] = upper * (1 - down) + lower * down
    return crop


def test_crops_equal_the_loop():
    batch = images()
    crops = crop_and_resize(batch, ROIS, 5)
    for roi, crop in zip(ROIS, crops, strict=True):
        expected = loop_crop(batch[int(roi[0])], roi[1:].tolist(), 5)
        torch.testing.assert_close(crop, expected, rtol=1e-3, atol=1e-4)


def test_whole_pixels_equal_torchs_resize():
    batch = images()
    crop = crop_and_resize(batch, ROIS[:1], 24)
    patch = batch[:1, :, 5:13, 3:19]
    expected = F.interpolate(patch, (24, 24), mode='bilinear', align_corners=False)
    torch.testing.assert_close(crop, expected)


@pytest.mark.parametrize('box', [[20.0, 10, 40, 30], [20.3, 10.6, 40.7, 30.2]])
def test_nothing_outside_the_box_is_seen(box):
    refiner = build().eval()
    roi = torch.tensor([[0.0, *box]])
    batch = images(1)
    changed = torch.full_like(batch, 1e4)
    inside = (..., slice(10, int(-(-box[3] // 1))), slice(20, int(-(-box[2] // 1))))
    changed[inside] = batch[inside]
    before = refiner.predict(RefinerInputs(batch), roi)[0]
    after = refiner.predict(RefinerInputs(changed), roi)[0]
    assert torch.equal(before, after)
    # And what is inside is seen, up to the border.
    for corner in ((10, 20), (29, 39)):
        other = batch.clone()
        other[0, :, corner[0], corner[1]] += 100
        crops = [crop_and_resize(own, roi, 32) for own in (batch, other)]
        assert not torch.equal(*crops)


@pytest.mark.parametrize(
    'box',
    [[30.0, 30, 30, 30], [96, 64, 96, 64], [-9, -9, -3, -3], [200, 200, 300, 300]],
)
def test_boxes_without_extent_or_outside(box):
    crops = crop_and_resize(images(1), torch.tensor([[0.0, *box]]), 4)
    assert crops.isfinite().all()
    assert crops.shape == (1, 3, 4, 4)


def test_memory_is_bounded_for_many_boxes_on_a_large_image():
    refiner = build(chunk_size=16).eval()
    sizes = []

    def record(module, inputs):
        sizes.append(len(inputs[0]))

    refiner.backbone.register_forward_pre_hook(record)
    torch.manual_seed(0)
    low = torch.rand(300, 2) * torch.tensor([1233.0, 700])
    rois = torch.cat([torch.zeros(300, 1), low, low + 100], dim=1)
    inputs = RefinerInputs(torch.randn(1, 3, 800, 1333))
    with torch.no_grad():
        probs, deltas = refiner.predict(inputs, rois)
        assert sizes == [16] * 18 + [12]
        refiner.chunk_size = None
        torch.testing.assert_close(probs[:40], refiner.predict(inputs, rois[:40])[0])
    assert probs.shape == (300, NUM_CLASSES + 1)
    assert deltas is None
    torch.testing.assert_close(probs.sum(dim=1), torch.ones(300))


def test_images_are_divided_for_the_backbone():
    std = (2.0, 4.0, 8.0)
    batch = images()
    divided = batch / torch.tensor(std).view(3, 1, 1)
    expected = build().eval().predict(RefinerInputs(divided), ROIS)[0]
    found = build(input_std=std).eval().predict(RefinerInputs(batch), ROIS)[0]
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(
        build().eval().predict(RefinerInputs(batch), ROIS)[0], expected
    )


def test_all_of_it_learns_and_batch_norms_stay():
    refiner = build(with_reg=True)
    refiner.train()
    gt = InstanceData(
        bboxes=torch.tensor([[10.0, 10, 40, 40]]), labels=torch.tensor([1])
    )
    boxes = InstanceData(
        bboxes=torch.tensor([[12.0, 8, 42, 38]]),
        scores=torch.tensor([0.5]),
        labels=torch.tensor([1]),
    )
    means = refiner.backbone.bn1.running_mean.clone()
    losses = refiner.loss(RefinerInputs(images(1)), [boxes], [gt])
    assert set(losses) == {'loss_dcr_cls', 'loss_dcr_bbox', 'acc_dcr'}
    (losses['loss_dcr_cls'] + losses['loss_dcr_bbox']).backward()
    assert all(
        p.grad is not None and p.grad.abs().sum() > 0
        for name, p in refiner.named_parameters()
        if 'fc' in name or name == 'backbone.conv1.weight'
    )
    assert all(p.grad is not None for p in refiner.parameters())
    assert torch.equal(refiner.backbone.bn1.running_mean, means)

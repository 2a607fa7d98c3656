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


@pytest.mark.parametrize(
    ('detector', 'own'),
    [
        # As FCOS has them of MMDetection: of Caffe.
        (dict(mean=[103.53, 116.28, 123.675], std=[1.0] * 3, bgr_to_rgb=False), {}),
        (dict(mean=[120.0, 110, 100], std=[60.0, 50, 40], bgr_to_rgb=True), {}),
        (dict(), {}),
        (
            dict(mean=[120.0, 110, 100], std=[60.0, 50, 40], bgr_to_rgb=True),
            dict(input_mean=(1.0, 2, 3), input_std=(4.0, 5, 6), input_rgb=False),
        ),
    ],
)
def test_images_are_as_the_backbone_was_trained(detector, own):
    pixels = dict(inputs=[torch.randint(0, 256, (3, 32, 48), dtype=torch.uint8)])
    seen = MODELS.build(dict(type='DetDataPreprocessor', **detector))(pixels)['inputs']
    refiner = build(**own)
    refiner.read_images_of(MODELS.build(dict(type='DetDataPreprocessor', **detector)))
    image = pixels['inputs'][0].float()
    if own:
        means, stds = [1.0, 2, 3], [4.0, 5, 6]
    else:
        image = image[[2, 1, 0]]
        means, stds = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
    rows = zip(image, means, stds, strict=True)
    wanted = torch.stack([(row - mean) / std for row, mean, std in rows])
    found = refiner.image_feats(RefinerInputs(seen))
    torch.testing.assert_close(found[0], wanted, rtol=1e-4, atol=1e-4)
    assert not any('norm_change' in name for name in refiner.state_dict())


@pytest.mark.parametrize(
    'preprocessor',
    [
        dict(type='BaseDataPreprocessor'),
        dict(
            type='DetDataPreprocessor',
            mean=[123.675, 116.28, 103.53],
            std=[58.395, 57.12, 57.375],
            bgr_to_rgb=True,
        ),
    ],
)
def test_images_that_agree_or_are_unknown_are_left(preprocessor):
    refiner = build()
    batch = images()
    assert refiner.image_feats(RefinerInputs(batch)) is batch
    refiner.read_images_of(MODELS.build(preprocessor))
    assert refiner.image_feats(RefinerInputs(batch)) is batch


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

"""Random batches, odd ones among them, for the small model of every method.

``make fuzz`` runs it; ``FUZZ_BATCHES`` says how many batches a method gets.
"""

import os

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

from mmdet_plus.zoo import find_entry

BATCHES = int(os.environ.get('FUZZ_BATCHES', '20'))
METHODS = (
    'd2det_tiny_shapes',
    'cpm-rcnn_tiny_shapes',
    'faster-rcnn-dcrv2_tiny_shapes',
    'dh-ext-faster-rcnn_tiny_shapes',
    'refinedet320_tiny_shapes',
)
NUM_CLASSES = 7


def random_boxes(generator, num, width, height):
    """Boxes of all sizes: points, slivers, the whole image, partly outside."""
    points = torch.rand(num, 2, 2, generator=generator)
    low, high = points.amin(1), points.amax(1)
    kind = torch.randint(6, (num, 1), generator=generator)
    high = torch.where(kind == 0, low, high)  # no area
    thin = torch.stack([low[:, 0] + 1e-3, high[:, 1]], 1)
    high = torch.where(kind == 1, thin, high)
    low = torch.where(kind == 2, torch.zeros(2), low)
    high = torch.where(kind == 2, torch.ones(2), high)
    high = torch.where(kind == 3, high + 0.5, high)
    return torch.cat([low, high], 1) * torch.tensor([width, height] * 2)


def random_batch(generator):
    """Two images of one size, with none, one or many objects each."""
    height, width = torch.randint(65, 260, (2,), generator=generator).tolist()
    samples = []
    for _ in range(2):
        num = int(torch.randint(4, (1,), generator=generator)) ** 2
        labels = torch.randint(NUM_CLASSES, (num,), generator=generator)
        boxes = random_boxes(generator, num, width, height)
        shape = (height, width)
        meta = dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))
        objects = InstanceData(bboxes=boxes, labels=labels)
        samples.append(DetDataSample(metainfo=meta, gt_instances=objects))
    shape = (3, height, width)
    images = torch.randint(256, (2, *shape), dtype=torch.uint8, generator=generator)
    return dict(inputs=list(images), data_samples=samples)


@pytest.fixture(params=METHODS)
def model(request):
    init_default_scope('mmdet')
    config = Config.fromfile(find_entry(request.param).config)
    torch.manual_seed(0)
    detector = MODELS.build(config.model)
    detector.init_weights()
    return detector


def losses_of(model, batch):
    data = model.data_preprocessor(batch, training=True)
    return model.loss(data['inputs'], data['data_samples'])


@pytest.mark.slow
def test_losses_are_finite_and_have_the_same_keys(model):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    keys = None
    for seed in range(BATCHES):
        generator = torch.Generator().manual_seed(seed)
        losses = losses_of(model, random_batch(generator))
        total, logged = model.parse_losses(losses)
        wrong = [name for name, value in logged.items() if not value.isfinite()]
        assert not wrong, f'batch {seed}: {wrong}'
        keys = keys or losses.keys()
        assert losses.keys() == keys, f'batch {seed}'
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
    assert all(weight.isfinite().all() for weight in model.parameters())


@pytest.mark.slow
def test_predictions_are_finite_and_inside(model):
    model.eval()
    for seed in range(BATCHES):
        batch = random_batch(torch.Generator().manual_seed(seed))
        height, width = batch['data_samples'][0].img_shape
        with torch.no_grad():
            results = model.test_step(batch)
        for result in results:
            found = result.pred_instances
            assert found.bboxes.isfinite().all(), f'batch {seed}'
            assert found.scores.isfinite().all(), f'batch {seed}'
            assert (found.bboxes >= 0).all(), f'batch {seed}'
            limit = torch.tensor([width, height] * 2) + 1e-3
            assert (found.bboxes <= limit).all(), f'batch {seed}'

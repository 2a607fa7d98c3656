"""Random batches, odd ones among them, for a small model of every method.

``make fuzz`` runs it; ``FUZZ_BATCHES`` says how many batches a method gets and
``FUZZ_FIRST`` the seed of the first. ``pytest -s`` shows a score for each method.
"""

import logging
import os
from collections.abc import Callable

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from samples.accidents import report
from samples.dcr import crop_config

from mmdet_plus.zoo import find_entry

BATCHES = int(os.environ.get('FUZZ_BATCHES', '20'))
FIRST = int(os.environ.get('FUZZ_FIRST', '0'))
METHODS = (
    'd2det_tiny_shapes',
    'cpm-rcnn_tiny_shapes',
    'faster-rcnn-dcrv1',
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


def random_batch(seed):
    """One or two images of one size, with none, one or many objects each."""
    generator = torch.Generator().manual_seed(seed)
    height, width = torch.randint(1, 260, (2,), generator=generator).tolist()
    # Batch norm of MMDetection's backbones needs two values: one cell is 32 pixels.
    count = 1 + int(max(height, width) <= 32 or seed % 4 > 0)
    samples = []
    for _ in range(count):
        num = int(torch.randint(4, (1,), generator=generator)) ** 2
        labels = torch.randint(NUM_CLASSES, (num,), generator=generator)
        boxes = random_boxes(generator, num, width, height)
        shape = (height, width)
        meta = dict(img_shape=shape, ori_shape=shape, scale_factor=(1.0, 1.0))
        objects = InstanceData(bboxes=boxes, labels=labels)
        samples.append(DetDataSample(metainfo=meta, gt_instances=objects))
    shape = (3, height, width)
    images = torch.randint(256, (count, *shape), dtype=torch.uint8, generator=generator)
    return dict(inputs=list(images), data_samples=samples)


def small_model(method):
    """The config of a shipped model; of DCR V1, none of which is shipped, one alike."""
    if method != 'faster-rcnn-dcrv1':
        return Config.fromfile(find_entry(method).config).model
    model = small_model('faster-rcnn-dcrv2_tiny_shapes')
    del model.max_candidates
    refiner = crop_config()
    del refiner.num_classes  # the detector's
    return {**model, 'type': 'FrozenBaseDCR', 'detector': 'FasterRCNN'} | dict(
        refiner=refiner
    )


@pytest.fixture(params=METHODS)
def model(request):
    init_default_scope('mmdet')
    torch.manual_seed(0)
    detector = MODELS.build(small_model(request.param))
    logging.disable(logging.INFO)  # a line for each weight, among the scores
    try:
        detector.init_weights()
    finally:
        logging.disable(logging.NOTSET)
    return detector


def number_of_faults(name: str, fault_of: Callable[[dict], object]) -> int:
    """Show every batch to a function that says what is wrong; print the score."""
    results = []
    for seed in range(FIRST, FIRST + BATCHES):
        try:
            fault = fault_of(random_batch(seed))
        except Exception as error:  # counts like a wrong number, of any kind
            fault = f'{type(error).__name__}: {error}'
        results.append((f'batch {seed}: {fault}', not fault))
        if len(results) % 500 == 0:
            bad = sum(not good for _, good in results)
            print(f'{name}: {len(results)} batches, {bad} not good', flush=True)
    return report(name, results)


@pytest.mark.slow
def test_losses_are_finite_and_have_the_same_keys(model, request):
    model.train()
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-3)
    keys = []

    def fault_of(batch):
        data = model.data_preprocessor(batch, training=True)
        losses = model.loss(data['inputs'], data['data_samples'])
        total, logged = model.parse_losses(losses)
        wrong = [name for name, value in logged.items() if not value.isfinite()]
        keys.append(losses.keys())
        del keys[1:-1]
        if wrong or keys[0] != keys[-1]:
            return f'{wrong} of {list(losses)}'
        optimizer.zero_grad()
        total.backward()
        optimizer.step()
        broken = (n for n, w in model.named_parameters() if not w.isfinite().all())
        return next(broken, None)

    assert number_of_faults(f'losses of {request.node.callspec.id}', fault_of) == 0


@pytest.mark.slow
def test_predictions_are_finite_and_inside(model, request):
    model.eval()
    # Untrained outputs are near zero: boxes would be their anchors.
    for weight in model.parameters():
        if weight.dim() > 1 and weight.std() < 0.02:
            torch.nn.init.normal_(weight, std=0.3)

    def fault_of(batch):
        height, width = batch['data_samples'][0].img_shape
        limit = torch.tensor([width, height] * 2) + 1e-3
        with torch.no_grad():
            results = model.test_step(batch)
        for found in (result.pred_instances for result in results):
            boxes = found.bboxes
            if not (boxes.isfinite().all() and found.scores.isfinite().all()):
                return 'not finite'
            if not ((boxes >= 0) & (boxes <= limit)).all():
                return 'outside the image'
        return None

    assert number_of_faults(f'boxes of {request.node.callspec.id}', fault_of) == 0

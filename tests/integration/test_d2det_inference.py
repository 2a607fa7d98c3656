"""D2Det behind the interfaces that users call."""

from pathlib import Path

import numpy as np
import pytest
import torch
from mmdet.apis import DetInferencer, init_detector
from mmengine.config import Config

from mmdet_plus.datasets import ShapesDataset

CONFIG = Path(__file__).parents[2] / 'configs/d2det/d2det_r18_fpn_1x_shapes.py'


@pytest.fixture(scope='module')
def weights(tmp_path_factory) -> str:
    """A checkpoint whose classifier finds objects everywhere."""
    config = Config.fromfile(CONFIG)
    torch.manual_seed(0)
    model = init_detector(config, None, device='cpu')
    model.roi_head.bbox_head.fc_cls.bias.data[2] = 2.0
    path = tmp_path_factory.mktemp('weights') / 'd2det.pth'
    meta = dict(dataset_meta=ShapesDataset.METAINFO)
    torch.save(dict(state_dict=model.state_dict(), meta=meta), path)
    return str(path)


@pytest.fixture(scope='module')
def inferencer(weights) -> DetInferencer:
    return DetInferencer(str(CONFIG), weights, device='cpu', show_progress=False)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 255, (height, width, 3), np.uint8)


def test_inferencer_takes_images_of_mixed_sizes(inferencer):
    images = [picture(120, 200), picture(256, 256), picture(90, 60)]
    batched = inferencer(images, batch_size=3)['predictions']
    for image, found in zip(images, batched, strict=True):
        boxes = np.array(found['bboxes'])
        assert len(boxes) > 0
        assert (boxes >= 0).all()
        assert (boxes <= np.tile(image.shape[1::-1], 2) + 1e-3).all()
        assert set(found['labels']) <= set(range(7))


def test_batch_equals_single_images(inferencer):
    images = [picture(128, 128), picture(128, 128)[::-1].copy()]
    batched = inferencer(images, batch_size=2)['predictions']
    for image, together in zip(images, batched, strict=True):
        alone = inferencer(image)['predictions'][0]
        count = min(10, len(alone['scores']))
        np.testing.assert_allclose(
            alone['scores'][:count], together['scores'][:count], rtol=1e-3
        )


def test_sliced_inference(inferencer):
    # What SAHI does: slices as arrays, boxes moved back to the whole image.
    image = picture(256, 256)
    corners = [(x, y) for x in (0, 128) for y in (0, 128)]
    slices = [image[y : y + 128, x : x + 128] for x, y in corners]
    found = inferencer(slices, batch_size=2)['predictions']
    assert len(found) == 4
    for (x, y), result in zip(corners, found, strict=True):
        boxes = np.array(result['bboxes']) + np.array([x, y, x, y])
        assert (boxes >= [x, y, x, y]).all()
        assert (boxes <= np.array([x, y, x, y]) + 128 + 1e-3).all()


def test_same_seed_same_detections(weights):
    results = [
        DetInferencer(str(CONFIG), weights, device='cpu', show_progress=False)(
            picture(128, 128)
        )['predictions'][0]
        for _ in range(2)
    ]
    assert results[0] == results[1]

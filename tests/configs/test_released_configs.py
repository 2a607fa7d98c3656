"""Images and boxes of the released configs, as each code base has them."""

from functools import cache
from pathlib import Path

import pytest
from mmengine.config import Config

CONFIGS = Path(__file__).parents[2] / 'configs'
ONES = [1, 1, 1]
IMAGENET = [123.675, 116.28, 103.53], [58.395, 57.12, 57.375]
# Folder: means, standard deviations, and whether red comes first.
IMAGES = {
    'd2det': (*IMAGENET, True),
    'cpm_rcnn': ([102.9801, 115.9465, 122.7717], ONES, False),
    'dcr': ([123.15, 115.90, 103.06], ONES, True),
    # Blue first in Caffe: the conversion turns the first convolution round.
    'refinedet': ([123, 117, 104], ONES, True),
    'double_head': ([102.9801, 115.9465, 122.7717], ONES, False),
}
RELEASED = sorted(
    str(path.relative_to(CONFIGS))
    for folder in IMAGES
    for path in (CONFIGS / folder).glob('*_released.py')
)
HEADS = {'dcr': [0.1, 0.1, 0.2, 0.2], 'double_head': [0.1, 0.1, 0.2, 0.2]}
SIDES = {'d2det': (1333, 800), 'cpm_rcnn': (1333, 800), 'double_head': (1333, 800)}
TWO_STAGE = [name for name in RELEASED if not name.startswith('refinedet')]


@cache
def read(name: str) -> Config:
    """Once for all tests, which change nothing."""
    return Config.fromfile(CONFIGS / name)


@pytest.mark.parametrize('name', RELEASED)
def test_images_have_the_size_of_the_authors(name):
    folder, stem = name.split('/')
    pipeline = read(name).test_dataloader.dataset.pipeline
    (resize,) = [step for step in pipeline if step.type == 'Resize']
    if folder == 'refinedet':  # warped to a square
        side = int(stem.removeprefix('refinedet')[:3])
        assert (resize.scale, resize.keep_ratio) == ((side, side), False)
    else:
        of_dcr = (1280, 800) if '_fpn_' in stem else (1000, 600)
        assert (resize.scale, resize.keep_ratio) == (SIDES.get(folder, of_dcr), True)


@pytest.fixture
def released(request):
    model = read(request.param).model
    return request.param.split('/')[0], model.get('detector', model)


@pytest.mark.parametrize('released', RELEASED, indirect=True)
def test_images_are_read_as_by_the_authors(released):
    folder, model = released
    images = model.data_preprocessor
    assert (images.mean, images.std, images.bgr_to_rgb) == IMAGES[folder]


@pytest.mark.parametrize('released', TWO_STAGE, indirect=True)
def test_boxes_are_encoded_as_by_the_authors(released):
    folder, model = released
    assert model.rpn_head.bbox_coder.target_stds == [1, 1, 1, 1]
    if folder in HEADS:
        roi_head = model.roi_head.get('base', model.roi_head)
        assert roi_head.bbox_head.bbox_coder.target_stds == HEADS[folder]

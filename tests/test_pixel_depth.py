import io

import cv2
import numpy as np
import pytest
from PIL import Image

from mmdet_plus.pixel_depth import (
    DepthError,
    depth_of,
    pillow_pixels,
    stated_bits,
    upper_bits,
)


def deep(*values):
    return np.array([values], np.uint16)


@pytest.mark.parametrize(
    ('pictures', 'depth'),
    [
        ([deep(255)], 8),
        ([deep(256)], 12),
        ([deep(4095)], 12),
        ([deep(4096)], 16),
        ([deep(65535)], 16),
        ([deep(3), deep(300)], 12),
        ([deep(300), deep(5000), deep(3)], 16),
        ([deep(0), np.full((1, 1), 9, np.uint8)], 16),
        ([], 16),
    ],
)
def test_the_smallest_depth_holds_all_values(pictures, depth):
    assert depth_of(iter(pictures)) == depth


def test_upper_bits():
    assert upper_bits(deep(0, 255, 256, 65535)).tolist() == [[0, 0, 1, 255]]
    assert upper_bits(deep(0, 16, 4095)).tolist() == [[0, 1, 255]]
    assert upper_bits(deep(0, 255)).tolist() == [[0, 255]]
    assert upper_bits(deep(0, 4095), 16).tolist() == [[0, 15]]
    assert upper_bits(deep(4096), 12).tolist() == [[255]]
    pixels = np.zeros((2, 2, 3), np.uint8)
    assert upper_bits(pixels, 12) is pixels


def opened(pixels, suffix='.png'):
    return Image.open(io.BytesIO(cv2.imencode(suffix, pixels)[1].tobytes()))


@pytest.mark.parametrize('suffix', ['.png', '.tif', '.pgm'])
def test_gray_of_16_bits_is_whole(suffix):
    values = deep(0, 256, 40000, 65535)
    image = opened(values, suffix)
    assert stated_bits(image) == 16
    pixels = pillow_pixels(image)
    assert pixels.dtype == np.uint16
    assert (pixels == values[..., None]).all()
    assert pixels.shape == (1, 4, 3)


def test_colours_of_16_bits_have_their_upper_bits_alone():
    values = np.array([[[0, 256, 65535]]], np.uint16)
    image = opened(values)
    assert stated_bits(image) == 16
    pixels = pillow_pixels(image)
    assert pixels.dtype == np.uint16
    assert pixels.tolist() == [[[65280, 256, 0]]]


def test_dark_colours_are_read_where_others_need_all_bits():
    dark = opened(np.full((2, 2, 3), 4000, np.uint16))
    assert (pillow_pixels(dark, 16) == 15 << 8).all()
    dark = opened(np.full((2, 2, 3), 4000, np.uint16))
    with pytest.raises(DepthError, match='12 or less'):
        pillow_pixels(dark, 12)


def test_what_pillow_cannot_read_is_refused():
    with pytest.raises(DepthError, match='12 or less of its 16 bits'):
        pillow_pixels(opened(np.full((2, 2, 3), 4000, np.uint16)))
    with pytest.raises(DepthError, match='32 bits a channel'):
        pillow_pixels(Image.new('F', (2, 2)))
    with pytest.raises(DepthError, match='values from 0 to 70000'):
        pillow_pixels(Image.fromarray(np.array([[0, 70000]], np.int32)))


@pytest.mark.parametrize('mode', ['1', 'L', 'P', 'RGB', 'RGBA', 'CMYK'])
def test_other_modes_are_rgb_of_8_bits(mode):
    image = Image.new('L', (3, 2), 255).convert(mode)
    assert stated_bits(image) == 8
    pixels = pillow_pixels(image)
    assert pixels.dtype == np.uint8
    assert (pixels == 255).all()
    assert pixels.shape == (2, 3, 3)

import cv2
import numpy as np
import pytest

from mmdet_plus.datasets.shapes.textures import (
    contrasting_color,
    gradient,
    noise,
    stripes,
    two_tone,
)


def test_two_tone_moves_around_its_color():
    color = np.array([60.0, 120.0, 200.0])
    for seed in range(10):
        surface = two_tone(np.random.default_rng(seed), color, 15, 48, 32)
        assert surface.shape == (48, 32, 3)
        assert np.abs(surface.mean(axis=(0, 1)) - color).max() < 25
        assert surface.std(axis=(0, 1)).max() > 1


def test_two_tone_stays_in_range():
    white = two_tone(np.random.default_rng(0), np.full(3, 255.0), 50, 16, 16)
    assert white.max() == 255
    assert white.min() >= 0


def test_contrasting_color_keeps_its_distance():
    rng = np.random.default_rng(0)
    gray = np.full(3, 128.0)
    for _ in range(50):
        color = contrasting_color(rng, gray, 40)
        pair = np.stack([gray, color])[None].astype(np.float32) / 255
        lab = cv2.cvtColor(pair, cv2.COLOR_BGR2LAB)[0]
        assert np.linalg.norm(lab[0] - lab[1]) >= 40


def test_contrasting_color_of_a_hue():
    rng = np.random.default_rng(0)
    for _ in range(20):
        color = contrasting_color(rng, np.full(3, 128.0), 30, (200, 240))
        pixel = (color[None, None] / 255).astype(np.float32)
        hue, saturation, _ = cv2.cvtColor(pixel, cv2.COLOR_BGR2HSV)[0, 0]
        assert 199 < hue < 241
        assert saturation > 0.49


@pytest.mark.parametrize('pattern', [noise, gradient, stripes])
@pytest.mark.parametrize('shape', [(3, 40), (64, 64)])
def test_patterns_stay_in_range_and_vary(pattern, shape):
    values = pattern(np.random.default_rng(0), *shape)
    assert values.shape == shape
    assert 0 <= values.min() < 0.2 < 0.8 < values.max() <= 1

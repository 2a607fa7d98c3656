"""Colours and patterns of the data set "shapes"; colours are BGR in [0, 255]."""

from collections.abc import Callable

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator


def contrasting_color(
    rng: Generator,
    color: ndarray,
    contrast: float,
    hues: tuple[float, float] | None = None,
) -> ndarray:
    """A random colour (3,) at least ``contrast`` away from ``color`` in CIE Lab.

    Args:
        rng: source of the candidates.
        color: (3,) BGR in [0, 255].
        contrast: Euclidean distance in Lab; where no candidate reaches it, the most
            distant one is taken.
        hues: first and last hue in degrees; None for any colour.
    """
    candidates = rng.uniform(0, 255, size=(32, 3))
    if hues is not None:
        candidates = _of_hues(candidates / 255, hues)
    lab = _bgr_to_lab(np.vstack([color, candidates]))
    distances = np.linalg.norm(lab[1:] - lab[0], axis=1)
    distances[distances >= contrast] = np.inf
    return candidates[distances.argmax()]


def _of_hues(values: ndarray, hues: tuple[float, float]) -> ndarray:
    """Saturated BGR colours (n, 3) in [0, 255] from numbers (n, 3) in [0, 1]."""
    low = np.array([hues[0], 0.5, 0.25])
    high = np.array([hues[1], 1.0, 1.0])
    hsv = (low + values * (high - low)).astype(np.float32)
    return 255.0 * cv2.cvtColor(hsv[None], cv2.COLOR_HSV2BGR)[0].astype(np.float64)


def _bgr_to_lab(colors: ndarray) -> ndarray:
    """Convert (n, 3) BGR in [0, 255] to CIE Lab, L in [0, 100]."""
    scaled = (colors[None] / 255).astype(np.float32)
    return cv2.cvtColor(scaled, cv2.COLOR_BGR2LAB)[0]


def two_tone(
    rng: Generator,
    color: ndarray,
    spread: float,
    height: int,
    width: int,
    pattern: Callable | None = None,
) -> ndarray:
    """A texture that moves around ``color`` by about ``spread`` grey levels.

    Args:
        rng: source of the pattern.
        color: (3,) BGR in [0, 255].
        spread: in grey levels.
        height: in pixels.
        width: in pixels.
        pattern: one of ``PATTERNS``; None draws one.

    Returns:
        (height, width, 3) float32 in [0, 255].
    """
    direction = 0.6 + rng.normal(0, 0.5, size=3)
    chosen = pattern or PATTERNS[rng.integers(len(PATTERNS))]
    values = chosen(rng, height, width)
    values = 0.65 * values + 0.35 * noise(rng, height, width)
    swing = (2 * spread * direction).astype(np.float32)
    tones = (values.astype(np.float32)[..., None] - 0.5) * swing
    return np.clip(tones + color.astype(np.float32), 0, 255)


def noise(rng: Generator, height: int, width: int) -> ndarray:
    """Noise of several scales, the coarse ones stronger; (height, width) in [0, 1]."""
    total = np.zeros((height, width), np.float32)
    for cells in (3, 6, 12, 24, 48):
        grid = rng.random((cells, cells), dtype=np.float32)
        fine = cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC)
        total += (fine / cells**0.25).astype(np.float32)
    return _stretch(total)


def gradient(rng: Generator, height: int, width: int) -> ndarray:
    """A ramp in a random direction; (height, width) in [0, 1]."""
    return _stretch(_ramp(rng, height, width))


def stripes(rng: Generator, height: int, width: int) -> ndarray:
    """Parallel waves, 3 to 10 along the longer side; (height, width) in [0, 1]."""
    waves = rng.uniform(3, 10) / max(height, width)
    phase = rng.uniform(0, 2 * np.pi)
    return 0.5 + 0.5 * np.sin(2 * np.pi * waves * _ramp(rng, height, width) + phase)


def _ramp(rng: Generator, height: int, width: int) -> ndarray:
    """Distance (height, width) in pixels along a random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[:height, :width]
    return columns * np.cos(angle) + rows * np.sin(angle)


def _stretch(pattern: ndarray) -> ndarray:
    """Map the values of a pattern linearly onto [0, 1]."""
    low, high = pattern.min(), pattern.max()
    return (pattern - low) / max(high - low, 1e-6)


PATTERNS = (noise, gradient, stripes)

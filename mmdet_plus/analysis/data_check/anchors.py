"""How well a detector's anchors cover the objects of a data set."""

from collections.abc import Iterator

import numpy as np
import torch
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.registry import TASK_UTILS
from mmengine.config import Config

from ...datasets.folders.content import Content

THRESHOLDS = (0.5, 0.7)


def anchor_recall(
    cfg: Config, content: Content, input_size: tuple[int, int] | None
) -> dict[str, float]:
    """Share of objects with an anchor of at least some IoU, wherever they lie.

    Shapes are compared with centres together, so that this is an upper bound.

    Args:
        cfg: whole config of a detector.
        content: of a split.
        input_size: width and height into which images are scaled; None to leave them.

    Returns:
        ``'IoU 0.5'`` and so on to the share in [0, 1]; empty without anchors.
    """
    anchors = [sizes for config in _generators(cfg.model) for sizes in _sizes(config)]
    if not anchors or not content['annotations']:
        return {}
    best = shape_ious(_scaled_sizes(content, input_size), np.concatenate(anchors))
    best = best.max(axis=1)
    return {
        f'IoU {limit:g}': round(float((best >= limit).mean()), 4)
        for limit in THRESHOLDS
    }


def shape_ious(boxes: np.ndarray, anchors: np.ndarray) -> np.ndarray:
    """IoU (n, m) of boxes (n, 2) and anchors (m, 2) of these sizes, centred alike."""
    both = np.minimum(boxes[:, None], anchors[None]).prod(axis=2)
    areas = boxes.prod(axis=1)[:, None] + anchors.prod(axis=1)[None]
    return both / np.maximum(areas - both, 1e-9)


def _scaled_sizes(content: Content, input_size: tuple[int, int] | None) -> np.ndarray:
    images = {image['id']: image for image in content['images']}
    sizes = []
    for item in content['annotations']:
        image = images[item['image_id']]
        scale = 1.0
        if input_size is not None:
            sides = sorted((image['width'], image['height']))
            scale = min(a / b for a, b in zip(sorted(input_size), sides, strict=True))
        sizes.append([scale * side for side in item['bbox'][2:]])
    return np.array(sizes, float).reshape(-1, 2)


def _generators(node: object) -> Iterator[dict]:
    if isinstance(node, dict):
        generator = node.get('anchor_generator')
        if isinstance(generator, dict) and 'type' in generator:
            yield generator
        for value in node.values():
            yield from _generators(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _generators(value)


def _sizes(config: dict) -> list[np.ndarray]:
    generator = TASK_UTILS.build(config)
    if not isinstance(generator, AnchorGenerator):
        return []
    boxes = torch.cat([level.reshape(-1, 4) for level in generator.base_anchors])
    return [(boxes[:, 2:] - boxes[:, :2]).numpy()]

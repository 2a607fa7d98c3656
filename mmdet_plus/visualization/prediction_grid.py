"""Predictions beside the ground truth, many images in one picture."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import mmcv
import numpy as np
import torch
from mmdet.apis import inference_detector
from mmdet.datasets import BaseDetDataset
from mmdet.structures import DetDataSample
from mmdet.visualization import DetLocalVisualizer
from mmengine.structures import InstanceData
from torch import nn

TILE_SIZE = 320  # pixels of the longer side of each picture


def draw_prediction_grid(
    model: nn.Module,
    dataset: BaseDetDataset,
    out_file: Path,
    *,
    indices: Sequence[int],
    columns: int = 3,
    score_thr: float = 0.3,
) -> None:
    """Write a picture with ground truth (left) and prediction (right) of some images.

    Args:
        model: detector as ``mmdet.apis.init_detector`` returns it.
        dataset: of the images and their ground truth.
        out_file: picture to write; its ending names the format.
        indices: which images of the dataset.
        columns: pairs per row.
        score_thr: detections below this score, in [0, 1], are not drawn.
    """
    visualizer = DetLocalVisualizer()
    visualizer.dataset_meta = dict(dataset.metainfo)
    tiles = []
    for index in indices:
        info = dataset.get_data_info(index)
        image = mmcv.imread(info['img_path'], channel_order='rgb')
        sample = inference_detector(model, info['img_path']).cpu()
        image, factor = _enlarge(image)
        sample = _scaled(sample, _ground_truth(info), factor)
        visualizer.add_datasample(
            'grid', image, sample, draw_gt=True, pred_score_thr=score_thr
        )
        tiles.append(_pad(visualizer.get_image()))
    mmcv.imwrite(_arrange(tiles, columns)[..., ::-1], str(out_file))


def _ground_truth(info: dict) -> InstanceData:
    instances = [i for i in info['instances'] if not i['ignore_flag']]
    boxes = np.array([i['bbox'] for i in instances], np.float32).reshape(-1, 4)
    labels = torch.tensor([i['bbox_label'] for i in instances], dtype=torch.long)
    return InstanceData(bboxes=torch.from_numpy(boxes), labels=labels)


def _enlarge(image: np.ndarray) -> tuple[np.ndarray, float]:
    factor = TILE_SIZE / max(image.shape[:2])
    return cv2.resize(image, None, fx=factor, fy=factor), factor


def _scaled(sample: DetDataSample, gt: InstanceData, factor: float) -> DetDataSample:
    found = sample.pred_instances
    found = InstanceData(
        bboxes=found.bboxes * factor, scores=found.scores, labels=found.labels
    )
    gt = InstanceData(bboxes=gt.bboxes * factor, labels=gt.labels)
    return DetDataSample(gt_instances=gt, pred_instances=found)


def _pad(pair: np.ndarray) -> np.ndarray:
    """A pair on a white canvas with room around it."""
    canvas = np.full((TILE_SIZE + 8, 2 * TILE_SIZE + 16, 3), 255, np.uint8)
    canvas[4 : 4 + pair.shape[0], 4 : 4 + pair.shape[1]] = pair
    return canvas


def _arrange(tiles: list[np.ndarray], columns: int) -> np.ndarray:
    blank = np.full_like(tiles[0], 255)
    tiles = tiles + [blank] * (-len(tiles) % columns)
    rows = [np.hstack(tiles[i : i + columns]) for i in range(0, len(tiles), columns)]
    return np.vstack(rows)

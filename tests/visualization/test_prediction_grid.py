import cv2
import numpy as np
import pytest
import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmdet_plus.datasets import ShapesDataset
from mmdet_plus.visualization import prediction_grid
from mmdet_plus.visualization.prediction_grid import TILE_SIZE, draw_prediction_grid


class Images:
    """Three grey images, each with one object."""

    metainfo = ShapesDataset.METAINFO

    def __init__(self, folder):
        self.folder = folder
        for i in range(3):
            cv2.imwrite(str(folder / f'{i}.png'), np.full((40, 64, 3), 128, np.uint8))

    def get_data_info(self, index):
        box = dict(bbox=[8, 8, 40, 32], bbox_label=index, ignore_flag=0)
        return dict(img_path=str(self.folder / f'{index}.png'), instances=[box])


@pytest.fixture
def draw(tmp_path, monkeypatch):
    def draw_with_score(score, indices=(0, 1, 2), columns=2):
        found = InstanceData(
            bboxes=torch.tensor([[8.0, 8, 40, 32]]),
            scores=torch.tensor([score]),
            labels=torch.tensor([1]),
        )
        monkeypatch.setattr(
            prediction_grid,
            'inference_detector',
            lambda model, path: DetDataSample(pred_instances=found.clone()),
        )
        out_file = tmp_path / 'grid.png'
        images = Images(tmp_path)
        draw_prediction_grid(None, images, out_file, indices=indices, columns=columns)
        return cv2.imread(str(out_file)).astype(int)

    return draw_with_score


def test_grid_has_a_tile_per_image(draw):
    assert draw(0.9).shape == (2 * (TILE_SIZE + 8), 2 * (2 * TILE_SIZE + 16), 3)
    assert draw(0.9, columns=3).shape[0] == TILE_SIZE + 8


def test_prediction_stands_right_of_the_ground_truth(draw):
    found = draw(0.9, indices=[0], columns=1)
    nothing = draw(0.1, indices=[0], columns=1)  # below the threshold
    left, right = np.split(np.abs(found - nothing).sum(-1), 2, axis=1)
    assert right.sum() > 0
    assert left[:, :TILE_SIZE].sum() == 0

"""What the tests of all config folders share."""

import copy
import functools
from collections.abc import Sequence
from pathlib import Path
from unittest import mock

import torch
from mmdet.structures import DetDataSample
from mmengine.config import Config
from mmengine.config import utils as config_utils
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData

BOXES = torch.tensor([[10.0, 10, 60, 50], [30, 20, 90, 60]])


@functools.cache
def _read(path: Path) -> Config:
    # `mmdet::` bases are in no index, which is a hundred files to read each time.
    with mock.patch.object(config_utils, '_get_cfg_metainfo', side_effect=ValueError):
        return Config.fromfile(path)


def load_config(path: Path) -> Config:
    """A copy of a config, read once."""
    init_default_scope('mmdet')
    return copy.deepcopy(_read(path))


def make_batch(
    num_classes: int, shapes: Sequence[tuple[int, int]] = ((96, 128), (96, 128))
) -> dict:
    """Images of these heights and widths with two objects each, as a data loader has.

    The objects are of the first and of the last class.
    """
    torch.manual_seed(0)
    labels = torch.tensor([0, num_classes - 1])
    samples = [
        DetDataSample(
            gt_instances=InstanceData(bboxes=BOXES.clone(), labels=labels.clone()),
            metainfo=dict(img_shape=shape, ori_shape=shape, scale_factor=(1, 1)),
        )
        for shape in shapes
    ]
    inputs = [torch.randint(0, 255, (3, *shape), dtype=torch.uint8) for shape in shapes]
    return dict(inputs=inputs, data_samples=samples)

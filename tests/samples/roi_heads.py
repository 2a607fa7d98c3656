"""What small RoI heads on two levels train with and read, for several methods."""

from typing import Any

import torch
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

STRIDES = [4, 8]
GTS = torch.tensor([[20.0, 20, 60, 70], [70, 10, 110, 50]])


def train_cfg(sampler: dict, **keys: Any) -> dict:
    """Boxes belong to an object from IoU 0.5 on; ``keys`` are the RoI head's own."""
    assigner = dict(
        type='MaxIoUAssigner',
        pos_iou_thr=0.5,
        neg_iou_thr=0.5,
        min_pos_iou=0.5,
        match_low_quality=False,
    )
    return dict(assigner=assigner, sampler=sampler, pos_weight=-1, **keys)


def samples(*gts, scale=1.0):
    """An image of 120 x 100 pixels with the given boxes, for each argument."""
    return [
        DetDataSample(
            gt_instances=InstanceData(bboxes=g, labels=torch.arange(len(g)) % 3),
            metainfo=dict(
                img_shape=(100, 120),
                ori_shape=(int(100 / scale), int(120 / scale)),
                scale_factor=(scale, scale),
            ),
        )
        for g in gts
    ]


def proposals(*counts):
    """Boxes near ``GTS``, as many for each image as told."""
    torch.manual_seed(2)
    results = []
    for count in counts:
        noise = torch.randn(count, 4) * 4
        boxes = (GTS.repeat(count, 1)[:count] + noise).clamp(0, 100)
        results.append(InstanceData(bboxes=boxes, scores=torch.rand(count)))
    return results

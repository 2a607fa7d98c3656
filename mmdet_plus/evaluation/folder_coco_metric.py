"""COCO's measures for data of any format."""

from typing import Any

from mmdet.evaluation import CocoMetric
from mmdet.registry import DATASETS, METRICS


@METRICS.register_module()
class FolderCocoMetric(CocoMetric):
    """``CocoMetric`` whose ground truth is what a ``FolderDataset`` reads.

    Args:
        dataset: config of the dataset, such as ``val_dataloader.dataset``.
        kwargs: as ``CocoMetric`` takes them, but no ``ann_file``.
    """

    def __init__(self, dataset: dict, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        reader = DATASETS.build(dict(dataset, pipeline=[], lazy_init=True))
        self._coco_api = reader.COCOAPI()

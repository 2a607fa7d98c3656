"""The synthetic data set "shapes", in COCO format."""

from mmdet.datasets import CocoDataset
from mmdet.registry import DATASETS

from .generation import CLASSES


@DATASETS.register_module()
class ShapesDataset(CocoDataset):
    """Textured geometric shapes that overlap and leave the image.

    Small enough to draw in seconds and to train on without a GPU; circle and octagon,
    and the five- and six-pointed star, are hard to tell apart. Made by
    ``tools/dataset_converters/make_shapes.py``.
    """

    METAINFO = dict(
        classes=CLASSES,
        palette=[
            (220, 20, 60),
            (0, 114, 189),
            (60, 179, 60),
            (237, 177, 32),
            (126, 47, 142),
            (0, 190, 190),
            (255, 110, 180),
        ],
    )

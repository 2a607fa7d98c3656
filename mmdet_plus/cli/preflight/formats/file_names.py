"""How datasets in COCO's format name the files of their images."""

from collections.abc import Callable
from typing import Any, NamedTuple

from mmdet.datasets import (
    CocoDataset,
    LVISV05Dataset,
    LVISV1Dataset,
    Objects365V1Dataset,
    Objects365V2Dataset,
)
from mmdet.datasets.objects365 import objv2_ignore_list

from mmdet_plus.datasets.folders.coco import last_parts

from ..dataset_configs import DatasetConfig

HOST = 'http://images.cocodataset.org/'


class FileNames(NamedTuple):
    """How an image's record names its file.

    Attributes:
        key: of the record.
        make: makes the path in the folder of images of it; None for an image that the
            dataset leaves out.
    """

    key: str
    make: Callable[[str], str | None]

    def write(self, images: list[dict[str, Any]]) -> None:
        """Set ``file_name`` of all images as the dataset will."""
        for image in images:
            image['file_name'] = self.make(str(image[self.key]))


def _of_patch(name: str) -> str | None:
    name = last_parts(name)
    return None if name in objv2_ignore_list else name


def _of_2017(name: str) -> str:
    return name[-16:] if name.startswith('COCO') else name


def _of_url(url: str) -> str:
    return url.removeprefix(HOST)


AS_WRITTEN = FileNames('file_name', str)
# By the function that loads a dataset.
FILE_NAMES: dict[Any, FileNames] = {
    CocoDataset.load_data_list: AS_WRITTEN,
    Objects365V1Dataset.load_data_list: AS_WRITTEN,
    Objects365V2Dataset.load_data_list: FileNames('file_name', _of_patch),
    LVISV05Dataset.load_data_list: FileNames('file_name', _of_2017),
    LVISV1Dataset.load_data_list: FileNames('coco_url', _of_url),
}


def file_names_of(dataset: DatasetConfig) -> FileNames | None:
    """How a dataset names files; None where it has a way of its own."""
    own: Any = dataset.dataset_class
    return FILE_NAMES.get(own.load_data_list)

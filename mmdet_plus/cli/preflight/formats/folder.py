"""Checks datasets that read a folder of labelled images."""

from mmdet_plus.datasets.folders.base import FolderDataset

from ..dataset_configs import DatasetConfig, Needs


def reads(dataset: DatasetConfig) -> bool:
    """Whether a dataset is one of ours for folders."""
    return issubclass(dataset.dataset_class or object, FolderDataset)


def check(dataset: DatasetConfig, needs: Needs) -> list[str]:
    """Read all of it, which tells what is wrong with its files.

    Args:
        dataset: of any format.
        needs: what the run needs of it.
    """
    return []

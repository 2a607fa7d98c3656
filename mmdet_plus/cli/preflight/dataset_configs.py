"""Finds the datasets inside wrappers in a config."""

import os.path as osp
from collections.abc import Iterator
from typing import Any, NamedTuple

from mmdet.registry import DATASETS, METRICS
from mmengine.config import Config

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
EVALUATORS = ('val_evaluator', 'test_evaluator')


class DatasetConfig(NamedTuple):
    """One dataset that reads files, and where it stands in the config."""

    key: str
    config: dict

    def joined(self, path: str) -> str:
        """The path as the dataset will open it: relative ones start at data_root."""
        root = self.config.get('data_root') or ''
        return path if osp.isabs(path) or not root else osp.join(root, path)

    @property
    def ann_file(self) -> str | None:
        """The annotation file, or None where the dataset names none."""
        name = self.config.get('ann_file')
        return self.joined(name) if name else None

    @property
    def image_folder(self) -> str | None:
        """The folder of the images, or None where the dataset names none."""
        prefix = self.config.get('data_prefix') or {}
        folder = prefix.get('img', prefix.get('img_path'))
        return None if folder is None else self.joined(folder)

    @property
    def is_local(self) -> bool:
        """False for files on a server, which are not looked at in advance."""
        paths = f'{self.config.get("data_root")}{self.config.get("ann_file")}'
        return self.config.get('backend_args') is None and '://' not in paths

    @property
    def dataset_class(self) -> type | None:
        """The registered class, or None if nobody registered that name."""
        return registered_class(DATASETS, self.config.get('type'))

    @property
    def classes(self) -> tuple[str, ...] | str | None:
        """The names the dataset will use, a text if ``metainfo`` wrongly has one."""
        metainfo = self.config.get('metainfo') or {}
        default = getattr(self.dataset_class, 'METAINFO', {})
        names = metainfo.get('classes', metainfo.get('CLASSES', default.get('classes')))
        return tuple(names) if isinstance(names, list) else names


def registered_class(registry: Any, name: Any) -> type | None:
    """Look a ``type`` of a config up; new-style configs hold the class itself."""
    return registry.get(name) if isinstance(name, str) else name


def iter_datasets(cfg: Config, loader: str) -> Iterator[DatasetConfig]:
    """Yield the innermost datasets of a data loader.

    Args:
        cfg: the whole config.
        loader: ``'train_dataloader'``, ``'val_dataloader'`` or ``'test_dataloader'``;
            one that is absent or None yields nothing.
    """
    dataset = (cfg.get(loader) or {}).get('dataset')
    if dataset is not None:
        yield from _iter_inner(f'{loader}.dataset', dataset)


def _iter_inner(key: str, dataset: dict) -> Iterator[DatasetConfig]:
    if dataset.get('dataset') is not None:
        yield from _iter_inner(f'{key}.dataset', dataset['dataset'])
    elif dataset.get('datasets') is not None:
        for index, part in enumerate(dataset['datasets']):
            yield from _iter_inner(f'{key}.datasets.{index}', part)
    else:
        yield DatasetConfig(key, dataset)


def iter_evaluators(cfg: Config, name: str) -> Iterator[tuple[str, dict]]:
    """Yield key and config of each metric of an evaluator, which may be a list.

    Args:
        cfg: the whole config.
        name: ``'val_evaluator'`` or ``'test_evaluator'``.
    """
    evaluator = cfg.get(name)
    if isinstance(evaluator, dict):
        yield name, evaluator
    for index, metric in enumerate(evaluator if isinstance(evaluator, list) else ()):
        yield f'{name}.{index}', metric


def metric_class(metric: dict) -> type | None:
    """The class of a metric's config, or None if nobody registered that name."""
    return registered_class(METRICS, metric.get('type'))

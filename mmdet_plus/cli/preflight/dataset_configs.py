"""Finds the datasets inside wrappers in a config, and its metrics."""

import os.path as osp
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from mmdet.datasets import CocoPanopticDataset
from mmdet.registry import DATASETS, METRICS
from mmengine.config import Config

from ...errors import UserError

LOADERS = ('train_dataloader', 'val_dataloader', 'test_dataloader')
EVALUATORS = ('val_evaluator', 'test_evaluator')
VALIDATION_OFF = 'val_dataloader=None val_cfg=None val_evaluator=None'


class Needs(NamedTuple):
    """What a run needs of a dataset.

    Attributes:
        truth: whether the objects are looked at, in training or to measure.
        objects: whether a dataset without any object is an error.
        num_classes_keys: where the model's numbers of classes stand in the config, for
            the advice.
        metrics: what is measured on it: keys and configs.
        masks: whether masks of the objects are read.
    """

    truth: bool = True
    objects: bool = True
    num_classes_keys: Sequence[str] = ()
    metrics: Sequence[tuple[str, dict]] = ()
    masks: bool = False


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

    def loads_as(self, kind: Any) -> bool:
        """Whether the dataset loads its annotations as one of MMDetection's does."""
        own: Any = self.dataset_class
        return own is not None and own.load_data_list is kind.load_data_list

    @property
    def is_panoptic(self) -> bool:
        """Whether things and stuff are counted apart."""
        return issubclass(self.dataset_class or object, CocoPanopticDataset)

    @property
    def classes(self) -> tuple[str, ...] | str | None:
        """The names the dataset will use, a text if ``metainfo`` wrongly has one."""
        metainfo = self.config.get('metainfo') or {}
        default = getattr(self.dataset_class, 'METAINFO', {})
        names = metainfo.get('classes', default.get('classes'))
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


def needed_datasets(
    cfg: Config, loaders: Mapping[str, str | None], num_classes_keys: Sequence[str]
) -> Iterator[tuple[DatasetConfig, Needs]]:
    """Yield the local datasets of data loaders and what is needed of each.

    Args:
        cfg: the whole config.
        loaders: which, each with the evaluator of what is read, or None.
        num_classes_keys: see ``Needs``.
    """
    for loader, evaluator in loaders.items():
        metrics = list(iter_evaluators(cfg, evaluator))
        only_formats = any(metric.get('format_only') for _, metric in metrics)
        is_training = loader.startswith('train')
        needs = Needs(not only_formats, is_training, num_classes_keys, metrics)
        for dataset in iter_datasets(cfg, loader):
            if dataset.is_local:
                yield dataset, needs._replace(masks=_reads_masks(dataset, metrics))


def _reads_masks(dataset: DatasetConfig, metrics: Sequence[tuple[str, dict]]) -> bool:
    """Whether masks are loaded to train on them, or measured."""
    steps = dataset.config.get('pipeline') or ()
    measured = [metric.get('metric') or () for _, metric in metrics]
    return any(step.get('with_mask') for step in steps) or any(
        'segm' in ([names] if isinstance(names, str) else names) for names in measured
    )


def iter_evaluators(cfg: Config, name: str | None) -> Iterator[tuple[str, dict]]:
    """Yield key and config of each metric of an evaluator, which may be a list.

    Args:
        cfg: the whole config.
        name: ``'val_evaluator'`` or ``'test_evaluator'``; None yields nothing.
    """
    if name is None:
        return
    evaluator = cfg.get(name)
    if isinstance(evaluator, dict):
        yield name, evaluator
    for index, metric in enumerate(evaluator if isinstance(evaluator, list) else ()):
        yield f'{name}.{index}', metric


def metric_class(metric: dict) -> type | None:
    """The class of a metric's config, or None if nobody registered that name."""
    return registered_class(METRICS, metric.get('type'))


def check_annotation_file(key: str, metric: dict) -> None:
    """Raise ``UserError`` if a metric names an annotation file that is not there.

    Args:
        key: where the metric stands in the config.
        metric: its config.
    """
    path = metric.get('ann_file') or ''
    is_local = '://' not in path and metric.get('backend_args') is None
    if path and is_local and not osp.isfile(path):
        raise UserError(
            f'{key}: annotation file {path} does not exist; '
            f'{path_advice(key, "ann_file")}'
        )


def path_advice(key: str, *names: str) -> str:
    """What to set where a file of a dataset or an evaluator is missing.

    Args:
        key: where it stands in the config.
        names: what names the file there.
    """
    options = ' or '.join(f'{key}.{name}' for name in names)
    if key.startswith('val_'):
        return (
            'set val_dataloader.dataset.data_root and val_evaluator.ann_file, or '
            f'switch validation off: --cfg-options {VALIDATION_OFF}'
        )
    return f'set {options} with --cfg-options'

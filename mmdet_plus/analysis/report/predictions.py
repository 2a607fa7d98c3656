"""Reads predictions: JSON in COCO's format, or what ``tools/test.py --out`` wrote."""

import io
import json
import pickle
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...errors import UserError
from .detections import Detections, arrange, read_detections
from .ground_truth import GroundTruth, read_ground_truth

# What pickled predictions are made of; anything else could run any code.
ALLOWED = {
    ('collections', 'OrderedDict'),
    ('torch._utils', '_rebuild_tensor_v2'),
    ('_codecs', 'encode'),
    ('numpy', 'ndarray'),
    ('numpy', 'dtype'),
    ('numpy.core.multiarray', '_reconstruct'),
    ('numpy._core.multiarray', '_reconstruct'),
    ('numpy.core.multiarray', 'scalar'),
    ('numpy._core.multiarray', 'scalar'),
}


class _PredictionUnpickler(pickle.Unpickler):
    """Reads tensors, arrays, numbers and containers, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ('torch.storage', '_load_from_bytes'):
            return _load_storage
        if (module, name) not in ALLOWED:
            raise UserError(
                f'it holds {module}.{name}, which no prediction needs and which is not '
                'loaded; write JSON files with tools/test.py --format-only'
            )
        return super().find_class(module, name)


def _load_storage(content: bytes) -> Any:
    return torch.load(io.BytesIO(content), weights_only=True)


def load_ground_truth(path: Path, classes: tuple[str, ...] = ()) -> GroundTruth:
    """Objects of an annotation file in COCO format.

    Raises:
        UserError: if it cannot be read or has no images.
    """
    content = _load_json(path)
    if not isinstance(content, dict):
        raise UserError(f'{path} is no annotation file in COCO format')
    try:
        truth = read_ground_truth(content, classes)
    except (KeyError, TypeError, ValueError) as error:
        message = f'{path} is no annotation file in COCO format: {error}'
        raise UserError(message) from error
    if not truth.num_images or not truth.num_classes:
        raise UserError(f'{path} has no images or no categories')
    return truth


def load_predictions(path: Path, truth: GroundTruth) -> Detections:
    """Detections of a ``.json`` file in COCO format or of a ``.pkl`` file.

    Args:
        path: of ``tools/test.py --format-only`` or ``--out``, or of another toolbox.
        truth: the data set. Labels of a ``.pkl`` file count its categories in the order
            in which the annotation file has them, as MMDetection does.

    Raises:
        UserError: if it cannot be read, or does not fit the data set.
    """
    try:
        if path.suffix in ('.pkl', '.pickle'):
            return from_samples(load_samples(path), truth)
        results = _load_json(path)
        if not isinstance(results, list):
            raise ValueError('it has no list of detections')
        return read_detections(results, truth)
    except UserError as error:
        raise UserError(f'{path}: {error}') from error
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UserError(f'{path} does not fit the annotations: {error}') from error


def from_samples(
    samples: Iterable[Mapping],
    truth: GroundTruth,
    places: Mapping[Any, int] | None = None,
) -> Detections:
    """Detections of MMDetection's samples, as ``DumpDetResults`` writes them.

    Args:
        samples: with ``img_id`` and ``pred_instances``: ``bboxes`` xyxy, ``scores``,
            ``labels`` and, of detectors with masks, ``masks`` as run lengths.
        truth: the data set.
        places: index of each image by ``img_id``; default: by the annotation file's.

    Raises:
        ValueError: for an image or a label that the data set does not have, or numbers
            that are not finite.
    """
    known = places or {int(own): i for i, own in enumerate(truth.image_ids)}
    columns: dict[str, list] = {key: [] for key in ('images', 'labels', 'scores')}
    boxes, masks = [np.zeros((0, 4))], []
    for sample in samples:
        found, name = sample['pred_instances'], sample['img_id']
        if name not in known:
            raise ValueError(f'the annotations have no image {name}')
        columns['labels'].append(_array(found['labels']).astype(int))
        columns['scores'].append(_array(found['scores']).astype(float))
        columns['images'].append(np.full(len(columns['labels'][-1]), known[name]))
        boxes.append(_array(found['bboxes']).astype(float).reshape(-1, 4))
        masks += list(found.get('masks', ()))
    joined = {k: np.concatenate([np.zeros(0, int), *v]) for k, v in columns.items()}
    labels, bboxes = joined['labels'].astype(int), np.concatenate(boxes)
    _check_labels(labels, truth)
    if not np.isfinite(bboxes).all() or not np.isfinite(joined['scores']).all():
        raise ValueError('there are boxes or scores that are not finite')
    bboxes[:, 2:] -= bboxes[:, :2]
    return arrange(
        joined['images'].astype(int),
        truth.file_order[labels],
        joined['scores'].astype(float),
        bboxes,
        masks if len(masks) == len(labels) and masks else None,
    )


def _check_labels(labels: np.ndarray, truth: GroundTruth) -> None:
    if len(labels) and not 0 <= labels.min() <= labels.max() < truth.num_classes:
        raise ValueError(
            f'there are labels from {labels.min()} to {labels.max()}, the annotations '
            f'have {truth.num_classes} categories'
        )


def _array(values: Any) -> np.ndarray:
    return values.numpy() if isinstance(values, torch.Tensor) else np.asarray(values)


def _load_json(path: Path) -> Any:
    return _load(path, lambda file: json.load(file), 'a JSON file')


def load_samples(path: Path) -> list[dict]:
    """Content of a ``.pkl`` file, read without running what is in it.

    Raises:
        UserError: if it cannot be read, or holds other types than predictions need.
    """
    content = _load(path, lambda file: _PredictionUnpickler(file).load(), 'a pickle')
    if not isinstance(content, list) or not all(
        isinstance(sample, dict) and {'img_id', 'pred_instances'} <= sample.keys()
        for sample in content
    ):
        raise UserError(f'{path} has no list of predictions with img_id')
    return content


def _load(path: Path, read: Callable, name: str) -> Any:
    try:
        with path.open('rb') as file:
            return read(file)
    except FileNotFoundError as error:
        raise UserError(f'{path} does not exist') from error
    except IsADirectoryError as error:
        raise UserError(f'{path} is a folder') from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f'{path} is not {name}') from error
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise UserError(f'{path} is not {name} of predictions: {error}') from error

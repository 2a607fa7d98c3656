"""Reads predictions: JSON in COCO's format, or what ``tools/test.py --out`` wrote."""

import io
import json
import pickle
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ...errors import UserError
from ...tool_names import tool_command
from .checking import (
    below_one,
    check_convention,
    check_mask,
    check_numbers,
    remark_on_masks,
    remark_on_sides,
)
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
                f'loaded; write JSON files: {tool_command("test.py")} --format-only'
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
    except KeyError as error:
        message = f'{path} is no annotation file in COCO format: an entry has no'
        raise UserError(f'{message} {error}') from error
    except (AttributeError, TypeError, ValueError) as error:
        message = f'{path} is no annotation file in COCO format: {error}'
        raise UserError(message) from error
    if not truth.num_images or not truth.num_classes:
        raise UserError(f'{path} has no images or no categories')
    return truth


def load_predictions(
    path: Path, truth: GroundTruth, places: Mapping[Any, int] | None = None
) -> Detections:
    """Detections of a ``.json`` file in COCO format or of a ``.pkl`` file.

    Args:
        path: of ``tools/test.py --format-only`` or ``--out``, or of another toolbox.
        truth: the data set. Labels of a ``.pkl`` file count its categories in the order
            in which the annotation file has them, as MMDetection does.
        places: index of each image by the ``img_id`` of a ``.pkl`` file; default: by
            the annotation file's.

    Raises:
        UserError: if it cannot be read, or does not fit the data set.
    """
    try:
        if path.suffix in ('.pkl', '.pickle'):
            return from_samples(load_samples(path), truth, places)
        results = _load_json(path)
        if not isinstance(results, list):
            raise ValueError('it has no list of detections')
        return read_detections(results, truth)
    except UserError:
        raise
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
        ValueError: for an image or a label that the data set does not have, an image
            that is there twice, or parts and numbers that do not fit.
    """
    known = places or {int(own): i for i, own in enumerate(truth.image_ids)}
    names, parts, masks = [], [_empty()], []
    for sample in samples:
        names.append(sample['img_id'])
        if names[-1] not in known:
            raise ValueError(f'the annotations have no image {names[-1]}')
        own = _columns(sample['pred_instances'], f'image {names[-1]}')
        own['images'] = np.full(len(own['labels']), known[names[-1]])
        _check_labels(own['labels'], truth, f'image {names[-1]}')
        masks += own.pop('masks')
        parts.append(own)
    columns = {key: np.concatenate([part[key] for part in parts]) for key in parts[0]}
    columns['bboxes'][:, 2:] -= columns['bboxes'][:, :2]
    remarks = (*_check_images(names, truth), *_check_columns(columns, masks, truth))
    columns['labels'] = truth.file_order[columns['labels']]
    whole = masks if masks and len(masks) == len(columns['labels']) else None
    ratings = columns.pop('mask_scores')
    is_rated = not np.array_equal(ratings, columns['scores'])
    ratings, scaled = below_one(ratings, 'scores of masks')
    rated = ratings if is_rated else None
    arranged = arrange(**columns, masks=whole, mask_scores=rated)
    return replace(arranged, remarks=(*remarks, *scaled))


def _check_images(names: list, truth: GroundTruth) -> tuple[str, ...]:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f'image {twice} is there twice')
    absent = truth.num_images - len(names)
    if not absent:
        return ()
    return (f'{absent} of {truth.num_images} images are not in the predictions',)


def _check_columns(
    columns: dict[str, np.ndarray], masks: list, truth: GroundTruth
) -> tuple[str, ...]:
    images, bboxes = columns['images'], columns['bboxes']
    starts = dict(zip(*np.unique(images, return_index=True), strict=True))

    def name(index: int) -> str:
        image = images[index]
        return f'image {truth.image_ids[image]}: detection {index - starts[image]}'

    check_numbers(bboxes, columns['scores'], name)
    check_numbers(bboxes, columns['mask_scores'], name, most=2)
    if len(masks) == len(images):
        for i, mask in enumerate(masks):
            check_mask(mask, truth.sizes[images[i]], name(i))
    return (
        *remark_on_sides(bboxes, name),
        *check_convention(bboxes, truth.sizes[images], name),
        *remark_on_masks(len(masks), len(images), 'detections'),
    )


def _empty() -> dict[str, np.ndarray]:
    """The columns of no detections."""
    whole = dict(images=np.zeros(0, int), labels=np.zeros(0, int))
    scores = dict(scores=np.zeros(0), mask_scores=np.zeros(0))
    return dict(whole, **scores, bboxes=np.zeros((0, 4)))


def _columns(found: Mapping, name: str) -> dict[str, Any]:
    """What an image's predictions hold, if it is of the same length."""
    labels, scores, bboxes = (
        _array(found[key]) for key in ('labels', 'scores', 'bboxes')
    )
    masks = list(found.get('masks', ()))
    ratings = _array(found.get('mask_scores', scores))
    counts = dict(bboxes=len(bboxes), scores=len(scores), labels=len(labels))
    counts['mask_scores'] = len(ratings)
    if masks:
        counts['masks'] = len(masks)
    if len(set(counts.values())) > 1:
        shown = ', '.join(f'{count} {key}' for key, count in counts.items())
        raise ValueError(f'{name} has {shown}')
    if bboxes.size and bboxes.shape[1:] != (4,):
        raise ValueError(f'{name} has bboxes of shape {bboxes.shape}, not (n, 4)')
    if labels.size and (labels != labels.astype(int)).any():
        raise ValueError(f'{name} has labels that are no whole numbers')
    return dict(
        labels=labels.astype(int),
        scores=scores.astype(float),
        mask_scores=ratings.astype(float),
        bboxes=bboxes.astype(float).reshape(-1, 4),
        masks=masks,
    )


def _check_labels(labels: np.ndarray, truth: GroundTruth, name: str) -> None:
    if len(labels) and not 0 <= labels.min() <= labels.max() < truth.num_classes:
        raise ValueError(
            f'{name} has labels from {labels.min()} to {labels.max()}, the annotations '
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
    except UserError as error:
        raise UserError(f'{path}: {error}') from error
    except FileNotFoundError as error:
        raise UserError(f'{path} does not exist') from error
    except IsADirectoryError as error:
        raise UserError(f'{path} is a folder') from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(f'{path} is not {name}') from error
    except (pickle.UnpicklingError, EOFError, RuntimeError) as error:
        raise UserError(f'{path} is not {name} of predictions: {error}') from error

"""Average precision at one overlap after the other, of result files."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from ..errors import UserError
from ..whole_files import written_whole
from .coco_files import check_result, read_json

IOU_THRS = (0.5, 0.6, 0.7, 0.8, 0.9)
NUMBER = (int, float)
ID = (*NUMBER, str)
# What COCOeval looks up in each entry.
NEEDED: dict[str, dict[str, tuple[type, ...]]] = dict(
    annotations=dict(
        id=NUMBER,  # COCOeval keeps them in an array
        image_id=ID,
        category_id=ID,
        bbox=(list,),
        area=NUMBER,
        iscrowd=NUMBER,
    ),
    categories=dict(id=ID),
    images=dict(id=ID),
)


def average_precisions(
    ann_file: str | Path, results_file: str | Path, iou_thrs: Sequence[float] = IOU_THRS
) -> list[float]:
    """COCO's AP of boxes at each overlap, not their mean.

    Args:
        ann_file: ground truth in COCO's format.
        results_file: list of boxes in COCO's format, as ``tools/test.py`` writes it.
        iou_thrs: least overlaps of a detection with its object.

    Returns:
        One value in [0, 1] for each overlap, the mean over classes with objects; zero
        without any box.

    Raises:
        UserError: a file cannot be read, or they do not belong together.
    """
    boxes, truth = read_json(Path(results_file), list), _read_truth(Path(ann_file))
    _check_fit(boxes, truth, f'{results_file} does not fit {ann_file}')
    if not boxes:
        return [0.0] * len(iou_thrs)
    evaluation = COCOeval(truth, truth.loadRes(boxes), 'bbox')
    evaluation.params.iouThrs = np.asarray(iou_thrs, float)
    evaluation.evaluate()
    evaluation.accumulate()
    # Overlaps, recalls, classes, areas, numbers of detections.
    precisions = evaluation.eval['precision'][:, :, :, 0, -1]
    return [
        float(own[own > -1].mean()) if (own > -1).any() else 0.0 for own in precisions
    ]


def _read_truth(path: Path) -> COCO:
    truth = COCO()
    truth.dataset = read_json(path, dict)
    for name, keys in NEEDED.items():
        if name not in truth.dataset:
            raise UserError(f'{path} has no {name} in COCO format')
        entries = truth.dataset[name]
        if not isinstance(entries, list):
            raise UserError(f'{path}: {name} is a {type(entries).__name__}, no list')
        for index, entry in enumerate(entries):
            _check_entry(entry, keys, f'{path}: {name}[{index}]')
    truth.createIndex()
    return truth


def _check_entry(entry: Any, keys: dict[str, tuple[type, ...]], place: str) -> None:
    if not isinstance(entry, dict):
        raise UserError(f'{place} is {entry!r}')
    for key, kinds in keys.items():
        if key not in entry:
            raise UserError(f'{place} has no {key}')
        if not isinstance(entry[key], kinds):
            raise UserError(f'{place} has the {key} {entry[key]!r}')
    numbers = entry['bbox'] if 'bbox' in keys else [0] * 4
    if len(numbers) != 4 or not all(isinstance(x, NUMBER) for x in numbers):
        raise UserError(f'{place} has the bbox {numbers}, not four numbers')


def _check_fit(boxes: list, truth: COCO, message: str) -> None:
    for index, box in enumerate(boxes):
        try:
            check_result(index, box)
        except (TypeError, ValueError) as error:
            raise UserError(f'{message}: {error}') from error
    for key, known in (('image_id', truth.imgs), ('category_id', truth.cats)):
        for number in (box[key] for box in boxes):
            if not isinstance(number, int | float | str) or number not in known:
                message += f': the annotations have no {key} {number}'
                raise UserError(message)


def plot_average_precisions(
    rows: Mapping[str, Sequence[float]], iou_thrs: Sequence[float], path: str | Path
) -> None:
    """Draw one line for each row over the overlaps.

    Args:
        rows: name and values of each line.
        iou_thrs: the overlaps.
        path: the picture's.
    """
    figure = Figure(figsize=(5.2, 3.6), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, values in rows.items():
        axes.plot(iou_thrs, values, marker='o', label=name)
    axes.set(xlabel='IoU threshold', ylabel='AP', ylim=(0, None))
    axes.grid(alpha=0.25)
    axes.legend(frameon=False)
    with written_whole(path) as part:
        figure.savefig(part, dpi=100)

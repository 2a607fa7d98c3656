"""How good is it: average precision, and the curves that it comes from."""

import numpy as np

from ..average_precision import RECALLS, class_ap, summarize
from ..evaluation import ENOUGH, Evaluation
from ..ground_truth import GroundTruth
from ..parts import Column, Picture, Section, Table
from ..plots import plot_lines, plot_small_curves

# Panels in one picture, and classes with panels at all.
PANELS, MAX_CLASSES = 8, 80
FAR_BELOW = 0.6  # of the number that another one is compared with
SIZES = {
    'APs': ('small', 'a larger input size or a finer feature level'),
    'APm': ('medium', 'anchors of their size and more such examples'),
    'APl': (
        'large',
        'anchors that are large enough, and crops that leave them whole',
    ),
}
SHOWN_THRS = {'IoU .50': 0, 'IoU .75': 5, 'IoU .90': 8}


def accuracy(evaluation: Evaluation) -> Section:
    """AP of all kinds, by class and by IoU threshold."""
    numbers = summarize(evaluation.curves)
    counts = objects_by_size(evaluation)
    section = Section(
        'accuracy',
        'How good is it?',
        'Average precision as COCO defines it: AP is the mean over IoU thresholds from '
        '0.50 to 0.95, AP50 and AP75 are those at one threshold, APs, APm and APl of '
        'objects below 32², up to 96² and above 96² square pixels. AR@1, AR@10 and '
        'AR@100 are recalls with so many boxes of a class in each image, mean over IoU '
        'thresholds and classes; ARs, ARm and ARl have 100.',
        advice=advice(numbers, counts),
        notes=_notes(evaluation, counts),
        data=dict(summary=numbers, objects_by_size=counts),
    )
    rows = [dict(number=name, value=value) for name, value in numbers.items()]
    number = [Column('number', 'number'), Column('value', 'value')]
    section.tables.append(Table('summary', "COCO's twelve numbers", number, rows))
    section.tables.append(_class_table(evaluation))
    _add_ap_by_iou(section, evaluation)
    return section


def objects_by_size(evaluation: Evaluation) -> dict[str, int]:
    """Objects that ``APs``, ``APm`` and ``APl`` rest on."""
    counts = (~evaluation.matches.object_ignored[1:]).sum(axis=1).tolist()
    return dict(zip(('APs', 'APm', 'APl'), counts, strict=True))


def _add_ap_by_iou(section: Section, evaluation: Evaluation) -> None:
    by_thr = evaluation.curves.precision[..., 0].mean(axis=1)
    thrs, names = evaluation.matches.iou_thrs, evaluation.truth.class_names
    columns = [Column('name', 'class')]
    columns += [Column(f'{thr:.2f}', f'{thr:.2f}') for thr in thrs]
    rows = [
        {'name': name} | {f'{t:.2f}': v for t, v in zip(thrs, values, strict=True)}
        for name, values in zip(names, by_thr.T.tolist(), strict=True)
    ]
    table = Table('ap_by_iou', 'AP at each IoU threshold, by class', columns, rows)
    section.tables.append(table)
    there = ~np.isnan(by_thr[0])
    mean = by_thr[:, there].mean(axis=1) if there.any() else np.zeros(len(thrs))
    content = plot_lines({'all classes': (thrs, mean)}, 'IoU threshold', 'AP')
    caption = 'AP by IoU threshold: a steep fall means loose boxes'
    section.pictures.append(Picture('ap_by_iou', caption, content))


def _class_table(evaluation: Evaluation) -> Table:
    truth = evaluation.truth
    values = class_ap(evaluation.curves)
    detected = np.bincount(evaluation.found.labels, minlength=truth.num_classes)
    rows = []
    for label, name in enumerate(truth.class_names):
        row = dict(name=name, objects=int(truth.counts[label]))
        row['detections'] = int(detected[label])
        row |= {key: float(own[label]) for key, own in values.items()}
        rows.append(
            row | {'AR@100': float(evaluation.curves.recall[:, label, 0, -1].mean())}
        )
    titles = ['name', 'objects', 'detections', *values, 'AR@100']
    columns = [Column(key, 'class' if key == 'name' else key) for key in titles]
    return Table(
        'classes', 'By class; a dash where there are no objects', columns, rows
    )


def _notes(evaluation: Evaluation, counts: dict[str, int]) -> list[str]:
    truth, found = evaluation.truth, evaluation.found
    notes = [f'Annotations: {remark}.' for remark in truth.remarks]
    notes += [f'Predictions: {remark}.' for remark in found.remarks]
    absent = [n for n, c in zip(truth.class_names, truth.counts, strict=True) if not c]
    if absent:
        names = ', '.join(absent[:10]) + (' and others' if len(absent) > 10 else '')
        notes.append(
            f'No objects of {len(absent)} classes ({names}): their rows say nothing, '
            'and means leave them out.'
        )
    if not len(found):
        notes.append('There are no detections at all: is the checkpoint trained?')
    elif (bare := truth.num_images - len(np.unique(found.images))) > 0:
        notes.append(f'{bare} of {truth.num_images} images have no detection.')
    few = [f'{name} on {count}' for name, count in counts.items() if 0 < count < ENOUGH]
    if few:
        notes.append(f'Resting on few objects: {", ".join(few)}. No advice on them.')
    return notes


def advice(numbers: dict[str, float], counts: dict[str, int]) -> str:
    """What the numbers suggest, where they rest on enough objects.

    Args:
        numbers: of ``summarize``.
        counts: of ``objects_by_size``.
    """
    if not numbers['AP50'] > 0:
        return 'Nothing is found. Look at the training before you look at this page.'
    there = {name: numbers[name] for name, count in counts.items() if count >= ENOUGH}
    parts = []
    if len(there) > 1:
        worst = min(there, key=lambda name: there[name])
        if there[worst] < FAR_BELOW * max(there.values()):
            size, hint = SIZES[worst]
            parts.append(
                f'Weak on {size} objects ({worst} {there[worst]:.3f}): try {hint}.'
            )
    enough = sum(counts.values()) >= ENOUGH
    if enough and numbers['AP75'] < FAR_BELOW * numbers['AP50']:
        parts.append(
            'AP75 is far below AP50: boxes are loose. A better box head pays off more '
            'than a better classifier.'
        )
    return ' '.join(parts)


def precision_recall(evaluation: Evaluation) -> Section:
    """Precision-recall curves of the mean and of the classes with most objects."""
    truth, precision = evaluation.truth, evaluation.curves.precision[..., 0]
    there = truth.counts > 0
    section = Section(
        'precision_recall',
        'What does more recall cost?',
        'Precision, the part of the detections that is right, when the score threshold '
        'falls so far that this part of the objects is found. The area below is AP. '
        'Where a curve ends, the rest of the objects is found at no threshold.',
    )
    mean = precision[:, :, there].mean(axis=2) if there.any() else precision[..., 0]
    lines = {
        f'{thr:.2f}': (RECALLS, curve)
        for thr, curve in zip(evaluation.matches.iou_thrs, mean, strict=True)
        if round(100 * thr) % 10 == 0 or abs(thr - 0.75) < 0.01
    }
    content = plot_lines(lines, 'recall', 'precision')
    section.pictures.append(Picture('pr_mean', 'Mean of all classes, by IoU', content))
    section.pictures += _class_panels(truth, precision)
    if there.sum() > MAX_CLASSES:
        section.notes.append(
            f'Only the {MAX_CLASSES} classes with most objects have a panel; the JSON '
            'file has all of them.'
        )
    section.data['precision'] = {
        name: np.round(precision[:, :, label], 4).tolist()
        for label, name in enumerate(truth.class_names)
        if there[label]
    }
    return section


def _class_panels(truth: GroundTruth, precision: np.ndarray) -> list[Picture]:
    """Curves of the classes with most objects, so many in a picture."""
    num_classes = min((truth.counts > 0).sum(), MAX_CLASSES)
    order = np.argsort(-truth.counts, kind='stable')[:num_classes]
    pictures = []
    for start in range(0, len(order), PANELS):
        part = order[start : start + PANELS]
        curves = {
            truth.class_names[label]: {
                name: precision[t, :, label] for name, t in SHOWN_THRS.items()
            }
            for label in part
        }
        content = plot_small_curves(curves, RECALLS)
        caption = f'Classes {start + 1} to {start + len(part)} by number of objects'
        pictures.append(Picture(f'pr_classes_{start}', caption, content))
    return pictures

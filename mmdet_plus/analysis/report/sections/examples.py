"""Galleries of the worst cases."""

from pathlib import Path

import numpy as np

from ..error_budget import ERRORS, judge
from ..evaluation import Evaluation
from ..gallery import Example, draw_examples
from ..operating_points import best_points
from ..parts import Gallery, Section

NUM_EXAMPLES = 12
TITLES = {
    'missed': (
        'Missed objects',
        'The largest objects that no detection of their class with a score from '
        '{threshold:.3f} on (the best F1) finds at an IoU of 0.5. The error budget '
        'counts fewer: those that no detection of any score could find.',
    ),
    'false_positives': (
        'Confident false positives',
        'On no object, on a part of one of another class, or on one that is found '
        'already; best scores first.',
    ),
    'bad_boxes': ('Bad boxes', 'Right class, IoU between 0.1 and 0.5.'),
    'confused': ('Confused classes', 'IoU of 0.5 or more with another class.'),
}


def galleries(evaluation: Evaluation, image_dir: Path | None) -> Section:
    """Crops of missed objects, false positives, bad boxes and confused classes."""
    threshold = best_points(evaluation)[0]['threshold']
    section = Section(
        'galleries',
        'What do the worst cases look like?',
        'Objects are green, detections red and dashed. Many of these turn out to be '
        'annotations that are missing or wrong: mend those first.',
    )
    if image_dir is None:
        section.notes.append('No folder of images was given (--images).')
        return section
    errors = judge(evaluation).errors
    chosen = dict(
        missed=_missed(evaluation, threshold),
        false_positives=_wrong(evaluation, errors, ('background', 'duplicate', 'both')),
        bad_boxes=_wrong(evaluation, errors, ('localisation',)),
        confused=_wrong(evaluation, errors, ('classification',)),
    )
    data = evaluation.truth, evaluation.found
    for name, examples in chosen.items():
        title, caption = TITLES[name]
        key = f'{evaluation.kind}_{name}'
        crops = draw_examples(key, examples, *data, image_dir)
        if not examples:
            caption = 'There are none.'
        elif not crops:
            caption = f'The images could not be read from {image_dir}.'
        caption = caption.format(threshold=threshold)
        section.galleries.append(Gallery(key, title, caption, crops))
    return section


def _missed(evaluation: Evaluation, threshold: float) -> list[Example]:
    """The largest objects that no detection of their class from a score on finds."""
    truth, found = evaluation.truth, evaluation.found
    matched = evaluation.matches.objects[0, 0]
    hits = evaluation.correct & (found.scores >= threshold)
    left = ~truth.crowd
    left[matched[hits]] = False
    worst = np.flatnonzero(left)
    worst = worst[np.argsort(-truth.areas[worst], kind='stable')][:NUM_EXAMPLES]
    examples = []
    for index in worst.tolist():
        image = int(truth.images[index])
        detections = found.of_image(image)
        column = index - truth.of_image(image).start
        near = evaluation.overlaps.ious[image][:, column] >= 0.3
        near &= found.scores[detections] >= threshold
        shown = (detections.start + np.flatnonzero(near)).tolist()
        name = truth.class_names[truth.labels[index]]
        seen = ', '.join(_describe(evaluation, i) for i in shown[:2])
        caption = f'{_image(evaluation, image)}: {name}' + (f'; {seen}' if seen else '')
        examples.append(Example(image, (index,), tuple(shown), caption))
    return examples


def _wrong(
    evaluation: Evaluation, errors: np.ndarray, names: tuple[str, ...]
) -> list[Example]:
    """The false positives of some kinds with the best scores."""
    truth, found, nearest = evaluation.truth, evaluation.found, evaluation.nearest
    kinds = [ERRORS.index(name) for name in names]
    worst = np.flatnonzero(np.isin(errors, kinds) & evaluation.wrong)
    worst = worst[np.argsort(-found.scores[worst], kind='stable')][:NUM_EXAMPLES]
    examples = []
    for index in worst.tolist():
        use_own = nearest.own_iou[index] >= nearest.other_iou[index]
        if ERRORS[errors[index]] in ('localisation', 'duplicate'):
            use_own = True
        iou = (nearest.own_iou if use_own else nearest.other_iou)[index]
        target = int((nearest.own if use_own else nearest.other)[index])
        objects = (target,) if iou > 0 else ()
        caption = f'{_image(evaluation, found.images[index])}: '
        caption += _describe(evaluation, index)
        if objects:
            name = truth.class_names[truth.labels[target]]
            caption += f', IoU {iou:.2f} with {name}'
        example = Example(int(found.images[index]), objects, (index,), caption)
        examples.append(example)
    return examples


def _describe(evaluation: Evaluation, index: int) -> str:
    found = evaluation.found
    name = evaluation.truth.class_names[found.labels[index]]
    return f'{name} {found.scores[index]:.2f}'


def _image(evaluation: Evaluation, image: int) -> str:
    truth = evaluation.truth
    return Path(truth.files[image]).name or str(truth.image_ids[image])

"""The report on several detectors side by side."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from ..bootstrap import NUM_RESAMPLES
from .comparison import (
    compare_figures,
    compare_objects,
    found_objects,
    image_rows,
    verdict,
)
from .detections import Detections
from .evaluation import Evaluation, evaluate
from .gallery import Example, draw_examples
from .ground_truth import GroundTruth
from .operating_points import best_points
from .parts import Chapter, Gallery, Report, Section
from .sections.differences import all_figures, object_section, side_by_side
from .single import TITLES, kinds_of

NUM_EXAMPLES = 12


def compare_detectors(
    truth: GroundTruth,
    runs: Mapping[str, Detections],
    *,
    num_resamples: int = NUM_RESAMPLES,
    seed: int = 0,
    image_dir: Path | None = None,
    facts: dict[str, str] | None = None,
    track: Callable = iter,
) -> Report:
    """Differences of the detectors from the first of them.

    Args:
        truth: the objects.
        runs: detections of two or more detectors by name.
        num_resamples: of the paired bootstrap over images.
        seed: of the bootstrap.
        image_dir: folder of the images, for the galleries.
        facts: to be shown at the top, by name.
        track: wraps lists of steps, to show progress.
    """
    kinds = set.intersection(*(set(kinds_of(truth, own)) for own in runs.values()))
    chapters, lead = [], []
    for kind in sorted(kinds):
        evaluations = {n: evaluate(truth, own, kind) for n, own in runs.items()}
        chapter, verdicts = _compare_kind(evaluations, num_resamples, seed, track)
        chapter.sections.append(_galleries(evaluations, image_dir))
        chapters.append(chapter)
        lead += [v if kind == 'bbox' else f'{TITLES[kind]}: {v}' for v in verdicts]
    remarks = {'annotations': truth.remarks} | {
        n: own.remarks for n, own in runs.items()
    }
    chapters[0].sections[0].notes += [
        f'{name}: {remark}.' for name, own in remarks.items() for remark in own
    ]
    names = list(runs)
    sizes = {
        'first': names[0],
        'others': ', '.join(names[1:]),
        'data': f'{truth.num_images} images, {truth.counts.sum()} objects of '
        f'{truth.num_classes} classes',
        'bootstrap': f'{num_resamples} resamples, seed {seed}',
    }
    title = f'{" and ".join(names[1:])} against {names[0]}'
    return Report(title, lead, {**(facts or {}), **sizes}, chapters)


def _compare_kind(
    runs: dict[str, Evaluation], num_resamples: int, seed: int, track: Callable
) -> tuple[Chapter, list[str]]:
    first, *others = runs
    kind = runs[first].kind
    found = {name: found_objects(run) for name, run in runs.items()}
    compared = compare_figures(
        runs[first], [runs[name] for name in others], num_resamples, seed, track
    )
    differences = dict(zip(others, compared, strict=True))
    counted = ~runs[first].truth.crowd
    points = {name: best_points(run)[0] for name, run in runs.items()}
    tables = {n: compare_objects(found[first], found[n], counted) for n in others}
    images = {n: image_rows(runs[first], found[first], found[n]) for n in others}
    sections = [
        *all_figures(differences, first),
        side_by_side(runs, differences),
        object_section(tables, images, points, first),
    ]
    verdicts = [
        verdict((first, name), own[0].change, num_resamples)
        for name, own in differences.items()
    ]
    return Chapter(kind, TITLES[kind], sections), verdicts


def _galleries(runs: dict[str, Evaluation], image_dir: Path | None) -> Section:
    """Objects that only one of two detectors finds."""
    section = Section(
        'galleries',
        'What do these objects look like?',
        'The largest objects that only one of two detectors finds. Objects are green; '
        'red and dashed are the detections of the one that finds them.',
    )
    if image_dir is None:
        section.notes.append('No folder of images was given (--images).')
        return section
    first, *others = runs
    found = {name: found_objects(run) for name, run in runs.items()}
    for number, name in enumerate(others):
        for which, (one, two) in enumerate(((name, first), (first, name))):
            examples = _examples(runs[one], found[one] & ~found[two])
            key = f'{runs[one].kind}_only_{number}_{which}'
            data = runs[one].truth, runs[one].found
            crops = draw_examples(key, examples, *data, image_dir)
            title = f'Found by {one}, not by {two}'
            caption = '' if crops else 'There are none, or no images.'
            section.galleries.append(Gallery(key, title, caption, crops))
    return section


def _examples(run: Evaluation, chosen: np.ndarray) -> list[Example]:
    truth, matched = run.truth, run.matches.objects[0, 0]
    finder = np.full(len(chosen), -1)
    right = np.flatnonzero(run.correct)
    finder[matched[right]] = right
    order = np.flatnonzero(chosen)
    order = order[np.argsort(-truth.areas[order], kind='stable')][:NUM_EXAMPLES]
    examples = []
    for index in order.tolist():
        image, detection = int(truth.images[index]), int(finder[index])
        name = truth.class_names[truth.labels[index]]
        file = Path(truth.files[image]).name or str(truth.image_ids[image])
        caption = f'{file}: {name} {run.found.scores[detection]:.2f}'
        examples.append(Example(image, (index,), (detection,), caption))
    return examples

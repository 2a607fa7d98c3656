"""The report on one detector."""

from collections.abc import Callable, Sequence
from pathlib import Path

from .detections import Detections
from .evaluation import Evaluation, evaluate
from .ground_truth import GroundTruth
from .parts import Chapter, Report
from .sections import QUESTIONS, galleries

TITLES = {'bbox': 'Boxes', 'segm': 'Masks'}
Tracker = Callable[[Sequence], Sequence]


def kinds_of(truth: GroundTruth, found: Detections) -> list[str]:
    """``bbox``, and ``segm`` where objects and detections have masks."""
    with_masks = truth.masks is not None and found.masks is not None
    return ['bbox', 'segm'] if with_masks else ['bbox']


def describe_detector(
    truth: GroundTruth,
    found: Detections,
    title: str,
    *,
    image_dir: Path | None = None,
    facts: dict[str, str] | None = None,
    methods: Callable[[Evaluation], Chapter | None] | None = None,
    track: Callable = iter,
) -> Report:
    """All figures of a detector.

    Args:
        truth: the objects.
        found: the detections.
        title: of the page.
        image_dir: folder of the images, for the galleries.
        facts: to be shown at the top, by name.
        methods: makes a chapter on the detector's method from the boxes.
        track: wraps the list of steps, to show progress.
    """
    kinds = kinds_of(truth, found)
    steps = [(k, question) for k in kinds for question in (*QUESTIONS, None)]
    chapters = {kind: Chapter(kind, TITLES[kind], []) for kind in kinds}
    evaluations: dict[str, Evaluation] = {}
    for kind, question in track(steps):
        if kind not in evaluations:
            evaluations[kind] = evaluate(truth, found, kind)
        evaluation = evaluations[kind]
        if question is None:
            section = galleries(evaluation, image_dir)
        else:
            section = question(evaluation)
        chapters[kind].sections.append(section)
    facts = {**(facts or {}), **_sizes(truth, found)}
    parts = list(chapters.values())
    if methods and (chapter := methods(evaluations['bbox'])):
        parts.append(chapter)
    return Report(title, _lead(chapters['bbox']), facts, parts)


def _sizes(truth: GroundTruth, found: Detections) -> dict[str, str]:
    return {
        'data': f'{truth.num_images} images, {truth.counts.sum()} objects of '
        f'{truth.num_classes} classes',
        'detections': f'{len(found)}, at most 100 of a class in an image',
    }


def _lead(chapter: Chapter) -> list[str]:
    """The numbers and what to do next, the most important first."""
    by_name = {section.name: section for section in chapter.sections}
    numbers = by_name['accuracy'].data['summary']
    shown = {k: 'not defined' if v != v else f'{v:.3f}' for k, v in numbers.items()}
    lead = [f'AP {shown["AP"]}, AP50 {shown["AP50"]}, AP75 {shown["AP75"]}.']
    order = ('error_budget', 'accuracy', 'confusion', 'operating_points')
    lead += [by_name[name].advice for name in order if by_name[name].advice]
    return lead

"""What scores are worth: calibration, and which threshold to use."""

import numpy as np

from ..calibration import (
    calibration_error,
    calibration_parts,
    pearson,
    reliability_rows,
    score_and_iou,
)
from ..evaluation import ENOUGH, Evaluation
from ..operating_points import best_points, operating_points
from ..parts import Column, Picture, Section, Table
from ..plots import plot_lines, plot_reliability, plot_scatter

POINT = (
    Column('threshold', 'score from'),
    Column('precision', 'precision'),
    Column('recall', 'recall'),
    Column('f1', 'F1'),
    Column('correct', 'found'),
    Column('wrong', 'false positives'),
    Column('missed', 'missed'),
)
INTERVAL = (
    Column('low', 'score from'),
    Column('high', 'to'),
    Column('count', 'detections'),
    Column('score', 'mean score'),
    Column('precision', 'right', percent=True),
)
LARGE_ERROR, LEAST_PEARSON = 0.1, 0.3
PEARSON_ADVICE = (
    'Among found objects, score and IoU hardly agree (Pearson {:.2f}): a head that '
    "scores boxes (CPM R-CNN's IoU scoring, Double-Head-Ext) can help."
)


def operating(evaluation: Evaluation) -> Section:
    """Thresholds to use in an application."""
    best, points = best_points(evaluation), operating_points(evaluation)
    whole = best[0]
    section = Section(
        'operating_points',
        'Which score threshold should I use?',
        'F1 is the harmonic mean of precision and recall, at an IoU of 0.5. The best '
        'threshold of each class was chosen on these very images: check it on others.',
    )
    if whole['f1'] == whole['f1'] and whole['correct']:
        section.advice = (
            f'From a score of {whole["threshold"]:.3f} on, {whole["precision"]:.1%} of '
            f'the detections are right and {whole["recall"]:.1%} of the objects are '
            f'found (F1 {whole["f1"]:.3f}, the best there is).'
        )
    places = [row['threshold'] for row in points]
    lines = {
        name: (places, [row[key] for row in points])
        for name, key in (
            ('precision', 'precision'),
            ('recall', 'recall'),
            ('F1', 'f1'),
        )
    }
    content = plot_lines(lines, 'score threshold', 'all classes')
    section.pictures.append(
        Picture('operating_points', 'All classes together', content)
    )
    columns = [Column('name', 'class'), *POINT]
    caption = 'Best threshold of each class by F1'
    section.tables.append(Table('best_thresholds', caption, columns, best))
    caption = 'All classes at each threshold'
    section.tables.append(Table('operating_points', caption, list(POINT), points))
    return section


def calibrated(evaluation: Evaluation) -> Section:
    """Reliability, and score against IoU."""
    counted = evaluation.correct | evaluation.wrong
    scores, correct = evaluation.found.scores[counted], evaluation.correct[counted]
    rows = reliability_rows(scores, correct)
    error = calibration_error(rows)
    touching = score_and_iou(evaluation)
    score, iou, right = (touching[key] for key in ('score', 'iou', 'correct'))
    every, found = pearson(score, iou), pearson(score[right], iou[right])
    high, low = calibration_parts(rows)
    section = Section(
        'calibration',
        'Do scores mean what they say?',
        'Of detections with a score around 0.8, eight of ten should be right (IoU '
        '0.5). The calibration error (D-ECE) is the mean distance in ten intervals, '
        'over all detections that were given, without a threshold. Below, each point '
        'is a detection that touches an object of its class: scores that follow the '
        'IoU let non-maximum suppression keep the best box.',
        data=dict(calibration_error=error, pearson=every, pearson_found=found),
    )
    section.data |= dict(too_high=high, too_low=low)
    if counted.sum() >= ENOUGH:
        section.advice = calibration_advice(high, low)
    if right.sum() >= ENOUGH and found < LEAST_PEARSON:
        section.advice += f' {PEARSON_ADVICE.format(found)}'
    title = f'Pearson {every:.3f}; found ones {found:.3f}'
    scatter = plot_scatter(score, iou, right, title)
    section.pictures += [
        Picture('reliability', 'Reliability', plot_reliability(rows, error)),
        Picture('score_and_iou', 'Score and IoU', scatter),
    ]
    caption = 'Detections by score'
    section.tables += [
        Table('reliability', caption, list(INTERVAL), rows),
        _class_table(evaluation, counted),
    ]
    return section


def _class_table(evaluation: Evaluation, counted: np.ndarray) -> Table:
    rows = []
    for label, name in enumerate(evaluation.truth.class_names):
        own = counted & (evaluation.found.labels == label)
        bins = reliability_rows(evaluation.found.scores[own], evaluation.correct[own])
        error = calibration_error(bins)
        rows.append(dict(name=name, detections=int(own.sum()), error=error))
    columns = [Column('name', 'class'), Column('detections', 'detections')]
    columns.append(Column('error', 'calibration error'))
    return Table('calibration_classes', 'Calibration by class', columns, rows)


def calibration_advice(high: float, low: float) -> str:
    """What to make of the parts of the error by scores too high and too low."""
    if high + low <= LARGE_ERROR:
        return ''
    word = 'too high' if high >= low else 'too low'
    rest = min(high, low)
    if rest >= LARGE_ERROR / 2:
        word = f'too high ({high:.2f}) at some scores and too low ({low:.2f}) at others'
    return (
        f'Scores are off by {high + low:.2f} on average, {word}. Ranking and AP do not '
        'suffer; do not read scores as probabilities without rescaling them.'
    )

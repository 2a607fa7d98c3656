"""What goes wrong: kinds of errors, what they cost, and which classes are confused."""

import numpy as np

from ...false_positives.judging import (
    KINDS,
    count_above,
    count_by_interval,
    count_found,
    hypothetical_ap,
)
from ..average_precision import RECALLS
from ..confusion import NO_OBJECT, NOT_DETECTED, confused_pairs, confusion
from ..error_analysis import STEPS, error_curves, error_rows
from ..error_budget import ERRORS, SUMS, error_budget, judge
from ..evaluation import ENOUGH, Evaluation
from ..false_positive_types import TYPES, false_positive_types, types_by_rank
from ..hard_false_positives import (
    HARD_SCORE,
    SCORES,
    hypothetical_rows,
    judge_detections,
)
from ..operating_points import best_points
from ..parts import Column, Picture, Section, Table
from ..plots import plot_bars, plot_filled_curves, plot_lines, plot_matrix, plot_shares

REMEDIES = {
    'classification': 'boxes are good, their classes are not. Look at the confused '
    'classes: more examples of these pairs, labels that are consistent, or a second '
    'look at each box (a DCR refiner)',
    'localisation': 'objects are seen, their boxes are loose. Try a better box head '
    '(D2Det, CPM R-CNN, Double-Head), and check that annotators agree where objects '
    'end',
    'both': 'boxes are loose and of the wrong class. Such detections often lie on '
    'parts of objects or on groups: look at the galleries',
    'duplicate': 'objects are found more than once. Lower the IoU threshold of the '
    'non-maximum suppression, or look for objects that are annotated once and seen '
    'twice',
    'background': 'there is something where nothing is annotated. Look at the '
    'confident ones first: objects that nobody annotated, or a background that the '
    'training data lack; a DCR refiner or hard example mining removes them',
    'missed': 'objects have no detection near them. See which sizes and shapes they '
    'have below: a larger input, anchors of their shape, or more examples of them',
}


def budget(evaluation: Evaluation) -> Section:
    """What each kind of error costs."""
    rows = error_budget(evaluation, judge(evaluation))
    gains = {str(row['error']): float(row['gain']) for row in rows}
    bars = {'AP50 to gain': {name: gains[name] for name in ERRORS}}
    section = Section(
        'error_budget',
        'Which errors cost most?',
        'AP50 that an oracle would add by mending one kind of error and leaving all '
        'others (TIDE). Classification: right place, wrong class. Localisation: right '
        'class, IoU between 0.1 and 0.5. Both: wrong class and loose. Duplicate: the '
        'object is found already. Background: an IoU below 0.1 with every object. '
        'Missed: objects that no mended detection would find, whatever its score. The '
        'parts do not add up to one.',
        advice=_remedy(gains, int(evaluation.truth.counts.sum())),
    )
    caption = 'AP50 that mending each kind would add'
    content = plot_bars(bars, 'AP50')
    section.pictures.append(Picture('error_budget', caption, content))
    columns = [
        Column('error', 'error'),
        Column('count', 'how often'),
        Column('gain', 'AP50 to gain', signed=True),
        Column('ap', 'AP50 then'),
    ]
    caption = f'The last two mend all {SUMS[0]} or all {SUMS[1]} at once'
    section.tables.append(Table('error_budget', caption, columns, rows))
    return section


def _remedy(gains: dict[str, float], num_objects: int) -> str:
    known = {name: gains[name] for name in ERRORS if gains[name] > 0}
    if not known:
        return ''
    worst = max(known, key=lambda name: known[name])
    few = f' This rests on {num_objects} objects only.' * (num_objects < ENOUGH)
    return (
        f'{worst.capitalize()} costs most, {known[worst]:.3f} AP50: '
        f'{REMEDIES[worst]}.{few}'
    )


def error_analysis(evaluation: Evaluation) -> Section:
    """COCO's curves."""
    curves = error_curves(evaluation)
    there = ~np.isnan(curves[0, 0])
    rows = error_rows(evaluation)
    section = Section(
        'error_analysis',
        'What is left when errors are forgiven?',
        "COCO's error analysis. C75 and C50: the detector at these overlaps. Loc: "
        'boxes need an overlap of 0.1 only. Sim: confusions with classes of the same '
        'supercategory do not count; Oth: with any class. BG: no false positives are '
        'left. FN: nothing is missed. What lies between two curves is what that kind '
        'of error costs.',
    )
    if there.any():
        mean = curves[:, :, there].mean(axis=2)
        lines = {f'{k} {rows[0][k]:.3f}': c for k, c in zip(STEPS, mean, strict=True)}
        content = plot_filled_curves(lines, RECALLS)
        section.pictures.append(Picture('error_curves', 'Mean of all classes', content))
    columns = [Column('name', 'class'), *(Column(step, step) for step in STEPS)]
    section.tables.append(Table('error_analysis', 'Area below each', columns, rows))
    return section


def types(evaluation: Evaluation) -> Section:
    """Hoiem's types of false positives."""
    kinds = false_positive_types(evaluation)
    rows = types_by_rank(evaluation, kinds)
    section = Section(
        'false_positive_types',
        'Which false positives come first?',
        'Of the false positives with the best scores, how many are beside an object '
        'of their class or a duplicate (Loc), beside one of a similar class (Sim), of '
        'another class (Oth), or beside none by a tenth (BG), after Hoiem et al. The '
        'left end shows the most confident ones. Classes are similar that share a '
        'supercategory.',
    )
    if not rows:
        section.notes.append('There are no false positives.')
        return section
    content = plot_shares(rows, 'rank', TYPES, 'false positives, best scores first')
    section.pictures.append(Picture('false_positive_types', 'Shares by rank', content))
    columns = [Column('rank', 'best so many')]
    columns += [Column(kind, kind, percent=True) for kind in TYPES]
    section.tables.append(Table('false_positive_types', 'Shares', columns, rows))
    return section


def confusions(evaluation: Evaluation) -> Section:
    """The confusion matrix."""
    best = best_points(evaluation)[0]['threshold']
    matrix = confusion(evaluation, best).matrix
    names = evaluation.truth.class_names
    pairs = confused_pairs(matrix, names)
    section = Section(
        'confusion',
        'Which classes are confused?',
        f'Detections with a score from {best:.3f} on (the best F1 of all classes), at '
        'an IoU of 0.5. The last row, often called background, are detections on no '
        'object or on one that is taken, duplicates and loose boxes too; the last '
        'column are objects that no detection from this score on finds.',
        data=dict(threshold=best, matrix=matrix.tolist(), classes=list(names)),
    )
    totals = matrix[:-1].sum(axis=1)
    sure = {n for n, count in zip(names, totals, strict=True) if count >= ENOUGH}
    first = next((pair for pair in pairs if pair['true'] in sure), None)
    if first:
        section.advice = (
            f'Most often {first["true"]} is taken for {first["detected"]}: '
            f'{"once" if first["count"] == 1 else str(first["count"]) + " times"}, '
            f'{first["share"]:.0%} of {first["true"]}. Compare their labels.'
        )
    content = plot_matrix(matrix, [*names, NO_OBJECT], [*names, NOT_DETECTED])
    caption = 'Counts; colours are shares of the true class'
    section.pictures.append(Picture('confusion', caption, content))
    columns = [
        Column('true', 'true class'),
        Column('detected', 'detected class'),
        Column('count', 'how often'),
        Column('share', 'share of the true class', percent=True),
    ]
    section.tables.append(Table('confused', 'Confused classes', columns, pairs[:50]))
    return section


def hard_positives(evaluation: Evaluation) -> Section:
    """False positives with high scores, and AP without them."""
    judged, counts = judge_detections(evaluation), evaluation.truth.counts
    above = count_above(judged, HARD_SCORE)
    rows = hypothetical_rows(judged, counts)
    now, then = (hypothetical_ap(judged, counts, s) for s in (None, HARD_SCORE))
    section = Section(
        'hard_false_positives',
        'What do confident mistakes cost?',
        'False positives by score, and AP50 if those above a score were not there '
        '(DCR, Fig. 1): duplicates; confusions, on an object of another class; '
        'localisation, by 0.1 to 0.5 on one of their class; elsewhere, all others. '
        f'Above {HARD_SCORE:g} there are {above["all"]} beside '
        f'{count_found(judged, HARD_SCORE)} true positives; without them AP50 would be '
        f'{then:.3f} in place of {now:.3f}.',
        data=dict(score=HARD_SCORE, counts=above, ap50=now, ap50_without=then),
    )
    line = [row['score'] for row in rows], [row['ap50'] for row in rows]
    content = plot_lines({'AP50': line}, 'false positives above are removed', 'AP50')
    section.pictures.append(Picture('hypothetical_ap', 'AP50 without them', content))
    intervals = count_by_interval(judged, SCORES)
    columns = [Column('score_low', 'score from'), Column('score_high', 'to')]
    # "Background" is TIDE's kind on this page, which is narrower.
    titles = {'background': 'elsewhere'}
    columns += [Column(kind, titles.get(kind, kind)) for kind in (*KINDS, 'all')]
    table = Table(
        'hard_false_positives', 'False positives by score', columns, intervals
    )
    section.tables.append(table)
    section.data['hypothetical_ap'] = rows
    return section

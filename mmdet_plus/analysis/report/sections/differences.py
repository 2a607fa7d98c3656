"""The sections of a comparison."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..average_precision import RECALLS, class_ap
from ..calibration import reliability_rows
from ..comparison import Difference, ObjectCounts
from ..error_budget import ERRORS
from ..evaluation import Evaluation
from ..figures_of_merit import CLASS_PREFIXES, COST_PREFIX, STEP_PREFIX, class_of
from ..parts import Column, Picture, Section, Table
from ..plots import plot_bars, plot_intervals, plot_lines
from ..recall import detection_recall

Runs = Mapping[str, Evaluation]
NUM_CLASSES = 12
UNEQUAL = 0.05  # precisions
# Of classes, and those that would make the plot too long; the table has them.
LEFT_OUT = (*CLASS_PREFIXES, *(f'AP{t}' for t in (55, 60, 65, 70, 80, 85, 90, 95)))
LEFT_OUT += ('AP50 by ', STEP_PREFIX)


def all_figures(
    differences: Mapping[str, Sequence[Difference]], first: str
) -> list[Section]:
    """Figures of the whole data set, and those of single classes.

    Args:
        differences: from the first detector, by name of the other.
        first: name of the first detector.
    """
    whole = Section(
        'differences',
        'Which differences are more than noise?',
        f'Each figure beside that of {first}. The interval holds the difference in 95 '
        'of 100 draws of the images (paired bootstrap): where it leaves out zero, '
        'other images of the same kind would hardly turn the result round. With many '
        'figures, one of twenty leaves out zero by chance. Costs and the calibration '
        'error are better when they are lower. Other seeds of the training are another '
        'source of noise, which this does not see.',
    )
    classes = Section(
        'class_differences',
        'Which classes gained, which lost?',
        'Differences of AP, AP50 and AP75 by class; the plot shows AP. With many '
        'classes, one of twenty leaves out zero by chance.',
    )
    for section, is_class in ((whole, False), (classes, True)):
        rows = [
            _row(difference, first, name)
            for name, own in differences.items()
            for difference in own
            if (class_of(difference.figure) is not None) == is_class
        ]
        section.tables.append(_table(section.name, rows))
        for number, (name, own) in enumerate(differences.items()):
            chosen = _shown(own, is_class)
            if chosen:
                content = plot_intervals(chosen, f'{name} minus {first}')
                caption = f'{name} against {first}'
                picture = Picture(f'{section.name}_{number}', caption, content)
                section.pictures.append(picture)
    return [whole, classes]


def _row(difference: Difference, first: str, name: str) -> dict:
    change, own = difference.change, class_of(difference.figure)
    number, class_name = own or (difference.figure, '')
    return dict(
        figure=number,
        **(dict(name=class_name) if own else {}),
        detector=name,
        before=difference.first,
        after=difference.second,
        change=change.value,
        low=change.low,
        high=change.high,
        clear='yes' if change.is_clear else 'no',
    )


def _table(name: str, rows: list[dict]) -> Table:
    columns = [] if name == 'differences' else [Column('name', 'class')]
    columns += [
        Column('figure', 'figure'),
        Column('detector', 'detector'),
        Column('before', 'first'),
        Column('after', 'this one'),
        Column('change', 'difference', signed=True),
        Column('low', 'from', signed=True),
        Column('high', 'to', signed=True),
        Column('clear', 'more than noise'),
    ]
    return Table(name, 'Differences and their intervals', columns, rows)


def _shown(differences: Sequence[Difference], is_class: bool) -> list[Difference]:
    """What the plot has: the main figures, or the classes that changed most."""
    there = [d for d in differences if d.change.value == d.change.value]
    if not is_class:
        return [d for d in there if not d.figure.startswith(LEFT_OUT)]
    prefix = CLASS_PREFIXES[0]
    own = [d for d in there if d.figure.startswith(prefix)]
    own.sort(key=lambda d: -abs(d.change.value))
    own = [d._replace(figure=d.figure.removeprefix(prefix)) for d in own[:NUM_CLASSES]]
    return sorted(own, key=lambda d: -d.change.value)


def side_by_side(
    runs: Runs, differences: Mapping[str, Sequence[Difference]]
) -> Section:
    """Curves and bars of all detectors in the same plots."""
    section = Section(
        'side_by_side',
        'Where do they differ?',
        'The same plots as on the pages of each detector.',
    )
    precision, calibration, recall = {}, {}, {}
    for name, run in runs.items():
        curves = run.curves.precision[..., 0]
        there = ~np.isnan(curves[0, 0])
        for thr, place in (('.50', 0), ('.75', 5)):
            mean = (
                curves[place][:, there].mean(axis=1) if there.any() else curves[0, :, 0]
            )
            precision[f'{name}, IoU {thr}'] = (RECALLS, mean)
        rows = detection_recall(run)
        recall[name] = ([r['boxes'] for r in rows], [r['mean'] for r in rows])
        counted = run.correct | run.wrong
        bins = reliability_rows(run.found.scores[counted], run.correct[counted])
        full = [r for r in bins if r['count']]
        places = [r['score'] for r in full], [r['precision'] for r in full]
        calibration[name] = places
    pictures: dict[str, tuple[str, dict, str]] = {
        'precision': ('Precision and recall, mean of all classes', precision, 'recall'),
        'calibration': ('Precision by score', calibration, 'score'),
    }
    for name, (caption, lines, label) in pictures.items():
        content = plot_lines(lines, label, 'precision')
        section.pictures.append(Picture(name, caption, content))
    content = plot_lines(recall, 'boxes', 'recall', logarithmic=True)
    caption = 'Part of all objects by number of boxes, mean of IoU .50 to .95'
    section.pictures.append(Picture('recall', caption, content))
    content = plot_bars(_costs(runs, differences), 'AP50 to gain')
    section.pictures.append(Picture('costs', 'What errors cost', content))
    section.tables.append(_by_class(runs))
    return section


def _costs(
    runs: Runs, differences: Mapping[str, Sequence[Difference]]
) -> dict[str, dict[str, float]]:
    first = next(iter(runs))
    bars: dict[str, dict[str, float]] = {first: {}}
    for name, own in differences.items():
        by_figure = {d.figure: d for d in own}
        chosen = {error: by_figure[f'{COST_PREFIX}{error}'] for error in ERRORS}
        bars[first] = {error: d.first for error, d in chosen.items()}
        bars[name] = {error: d.second for error, d in chosen.items()}
    return bars


def _by_class(runs: Runs) -> Table:
    truth = next(iter(runs.values())).truth
    values = {name: class_ap(run.curves)['AP'] for name, run in runs.items()}
    rows = [
        dict(
            name=class_name,
            objects=int(truth.counts[label]),
            **{f'ap_{i}': float(own[label]) for i, own in enumerate(values.values())},
        )
        for label, class_name in enumerate(truth.class_names)
    ]
    columns = [Column('name', 'class'), Column('objects', 'objects')]
    columns += [Column(f'ap_{i}', name) for i, name in enumerate(values)]
    return Table('classes', 'AP by class', columns, rows)


def object_section(
    tables: Mapping[str, ObjectCounts],
    images: Mapping[str, list[dict]],
    points: Mapping[str, dict],
    first: str,
) -> Section:
    """McNemar's tables, where they were taken, and the images that differ.

    Args:
        tables: against the first detector, by name of the other.
        images: rows of ``image_rows``, by name of the other.
        points: the operating point of each detector.
        first: name of the first detector.
    """
    section = Section(
        'objects',
        'Which objects does only one of them find?',
        "Each detector from its own best threshold on (F1), IoU 0.5. McNemar's test "
        'looks at the objects that only one of the two finds: a small p says that the '
        'imbalance is no chance. It counts what is found, not what is found wrongly: '
        'compare the precisions. Objects in one image are not independent, so trust '
        'the interval of the recall more.',
    )
    section.notes += _unequal(points, first)
    shown = ('threshold', 'precision', 'recall', 'f1')
    own = [dict(name=n, **{k: row[k] for k in shown}) for n, row in points.items()]
    columns = [Column('name', 'detector'), *(Column(key, key) for key in shown[:3])]
    columns.append(Column('f1', 'F1'))
    section.tables.append(
        Table('points', 'Operating point of each detector', columns, own)
    )
    section.tables.append(_mcnemar_table(tables, first))
    columns = [
        Column('image', 'image'),
        Column('only_second', 'only by this one'),
        Column('only_first', 'only by the first'),
    ]
    for number, (name, own_rows) in enumerate(images.items()):
        caption = f'Images with objects that only one finds: {name} against {first}'
        table = Table(f'images_{number}', caption, columns, own_rows[:200])
        section.tables.append(table)
    return section


def _unequal(points: Mapping[str, dict], first: str) -> list[str]:
    """A note on each detector that finds more or less at another precision."""
    notes, least = [], points[first]['precision']
    for name, point in points.items():
        gap = point['precision'] - least
        if abs(gap) > UNEQUAL:
            word = 'more' if gap > 0 else 'less'
            notes.append(
                f'{name} is {word} precise than {first} there, by {abs(gap):.3f}: at '
                f'an equal precision it could find {"more" if gap > 0 else "fewer"}.'
            )
    return notes


def _mcnemar_table(tables: Mapping[str, ObjectCounts], first: str) -> Table:
    rows = [
        dict(detector=name, first=first, **table._asdict())
        for name, table in tables.items()
    ]
    columns = [
        Column('detector', 'this one'),
        Column('first', 'first'),
        Column('both', 'found by both'),
        Column('only_second', 'only by this one'),
        Column('only_first', 'only by the first'),
        Column('neither', 'by neither'),
        Column('p_value', 'p (McNemar)'),
    ]
    return Table('mcnemar', 'Objects found', columns, rows)

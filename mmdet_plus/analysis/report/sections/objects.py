"""Which objects are found: recall by number of boxes, and hard kinds of objects."""

import math

from ..evaluation import ENOUGH, Evaluation
from ..parts import Column, Picture, Section, Table
from ..plots import plot_bars, plot_lines
from ..recall import detection_recall
from ..sensitivity import sensitivity_rows

RECALLS = {'mean': 'mean of IoU .50 to .95', 'R50': 'IoU .50', 'R75': 'IoU .75'}
LEAST_SPAN = 0.05  # of normalised AP, to be worth a sentence


def recall(evaluation: Evaluation) -> Section:
    """Recall against the number of boxes."""
    rows = detection_recall(evaluation)
    section = Section(
        'recall',
        'How many boxes does it need?',
        'Part of all objects that is found with the best boxes of each class in each '
        'image, whatever their score (AR@100 above is the mean over classes). What is '
        'not found with 100 boxes no threshold brings back.',
    )
    add_recall(section, rows, 'recall', 'Recall of detections')
    return section


def add_recall(section: Section, rows: list[dict], name: str, caption: str) -> None:
    """A plot and a table of recalls against the number of boxes."""
    places = [row['boxes'] for row in rows]
    lines = {
        title: (places, [row[key] for row in rows]) for key, title in RECALLS.items()
    }
    content = plot_lines(lines, 'boxes', 'recall', logarithmic=True)
    section.pictures.append(Picture(name, caption, content))
    columns = [Column('boxes', 'boxes')]
    columns += [Column(key, title) for key, title in RECALLS.items()]
    section.tables.append(Table(name, caption, columns, rows))


def sensitivity(evaluation: Evaluation) -> Section:
    """AP of objects by size, shape and what is annotated."""
    rows = sensitivity_rows(evaluation)
    section = Section(
        'sensitivity',
        'Which objects are hard?',
        'Normalised AP50 of objects by size and aspect ratio, after Hoiem et al.: of '
        'each class, the extra small ones are the smallest tenth, the small ones the '
        'next fifth, and so on; equal ones are of one level. Occluded and truncated '
        'objects are compared where annotations have these keys.',
        advice=sensitivity_advice(rows),
    )
    overall = rows[0]['overall'] if rows else math.nan
    for name in dict.fromkeys(row['characteristic'] for row in rows):
        own = {r['level']: r['ap'] for r in rows if r['characteristic'] == name}
        heights = {k: v for k, v in own.items() if v == v}
        content = plot_bars({name: heights}, 'normalised AP50')
        caption = f'By {name}; all objects: {overall:.3f}'
        picture_name = f'sensitivity_{name.replace(" ", "_")}'
        section.pictures.append(Picture(picture_name, caption, content))
    columns = [
        Column('characteristic', 'by'),
        Column('level', 'level'),
        Column('objects', 'objects'),
        Column('ap', 'normalised AP50'),
        Column('overall', 'of all objects'),
    ]
    section.tables.append(Table('sensitivity', 'All levels', columns, rows))
    return section


def sensitivity_advice(rows: list[dict]) -> str:
    """The characteristic with the widest span between levels of enough objects."""
    spans = {}
    for name in dict.fromkeys(row['characteristic'] for row in rows):
        own = [r for r in rows if r['characteristic'] == name]
        own = [r for r in own if r['objects'] >= ENOUGH and r['ap'] == r['ap']]
        if len(own) > 1:
            worst = min(own, key=lambda row: row['ap'])
            best = max(row['ap'] for row in own)
            spans[name] = (best - worst['ap'], worst)
    if not spans:
        return ''
    name = max(spans, key=lambda key: spans[key][0])
    span, worst = spans[name]
    if span < LEAST_SPAN:
        return ''
    return (
        f'The {name} of an object matters most: {worst["level"]} ones have '
        f'{worst["ap"]:.3f}, {span:.3f} less than the best level.'
    )

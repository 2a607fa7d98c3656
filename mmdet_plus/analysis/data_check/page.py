"""Writes what was found in a data set: a JSON file, plots and a page."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader

from ...datasets.checking import Examination, Finding
from ...whole_files import written_whole
from .plots import draw_image, plot_distributions

NUM_PICTURES = 4  # of a finding


def as_json(
    examination: Examination,
    summaries: Mapping[str, dict],
    anchors: Mapping[str, dict],
) -> dict[str, Any]:
    """What the JSON file holds."""
    data = examination.data
    return dict(
        folder=data.root,
        format=data.format,
        classes=list(data.classes),
        remarks=list(data.remarks),
        splits=dict(summaries),
        anchor_recall=dict(anchors),
        findings=[
            dict(
                split=split,
                level='error' if one.is_error else 'warning',
                message=one.message,
                places=list(one.places),
                images=list(one.images),
            )
            for split, one in examination.findings
        ],
    )


def write_page(examination: Examination, content: dict[str, Any], out: Path) -> None:
    """Write ``data.json``, ``distributions.png``, pictures and ``index.html``.

    Args:
        examination: of the folder.
        content: what ``as_json`` gives.
        out: folder, which is made.
    """
    (out / 'pictures').mkdir(parents=True, exist_ok=True)
    with written_whole(out / 'data.json') as part:
        part.write_text(json.dumps(content, indent=2) + '\n')
    plot_distributions(examination.contents, out / 'distributions.png')
    findings = [
        dict(entry, pictures=_draw(examination, split, one, out, number))
        for number, (entry, (split, one)) in enumerate(
            zip(content['findings'], examination.findings, strict=True)
        )
    ]
    environment = Environment(
        loader=PackageLoader('mmdet_plus.analysis.data_check', '.'), autoescape=True
    )
    page = environment.get_template('page.jinja')
    text = page.render(dict(content, findings=findings))
    with written_whole(out / 'index.html') as part:
        part.write_text(text, encoding='utf-8')


def _draw(
    examination: Examination,
    split: str,
    finding: Finding,
    out: Path,
    number: int,
) -> list[str]:
    known = split in examination.contents
    own = split if known else _split_with(examination, finding.images[:1])
    if own is None:
        return []
    content, folder = examination.contents[own], Path(examination.folders[own])
    images = {image['file_name']: image['id'] for image in content['images']}
    drawn = []
    for index, name in enumerate(finding.images[:NUM_PICTURES]):
        image = images.get(name)
        boxes = [a['bbox'] for a in content['annotations'] if a['image_id'] == image]
        target = out / 'pictures' / f'{number}_{index}.jpg'
        if draw_image(str(folder / name), boxes, target):
            drawn.append(f'pictures/{target.name}')
    return drawn


def _split_with(examination: Examination, names: Sequence[str]) -> str | None:
    """The last split that has these images, which a finding of two splits is of."""
    found = [
        split
        for split, content in examination.contents.items()
        if names and {*names} <= {image['file_name'] for image in content['images']}
    ]
    return found[-1] if found else None

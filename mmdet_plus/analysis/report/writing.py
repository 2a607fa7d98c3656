"""Writes a report: the page, its numbers as JSON and its plots as PNG files."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ...whole_files import written_whole
from .page import render_page
from .parts import Chapter, Report

PAGE, NUMBERS, FIGURES = 'report.html', 'report.json', 'figures'


def write_report(report: Report, out_dir: Path) -> Path:
    """Write ``report.html``, ``report.json`` and ``figures/``.

    Args:
        report: what to write.
        out_dir: made if it is not there; the figures of an earlier report go.

    Returns:
        The path of the page.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    page = out_dir / PAGE
    with written_whole(page) as part:
        part.write_text(render_page(report), encoding='utf-8')
    content = json.dumps(_numbers(report), indent=1, allow_nan=False)
    with written_whole(out_dir / NUMBERS) as part:
        part.write_text(content + '\n')
    figures = out_dir / FIGURES
    shutil.rmtree(figures, ignore_errors=True)
    for chapter in report.chapters:
        for section in chapter.sections:
            (figures / chapter.name).mkdir(parents=True, exist_ok=True)
            for picture in section.pictures:
                path = figures / chapter.name / f'{picture.name}.{picture.suffix}'
                with written_whole(path) as part:
                    part.write_bytes(picture.content)
    return page


def _numbers(report: Report) -> dict[str, Any]:
    content: dict[str, Any] = dict(
        title=report.title, lead=report.lead, facts=report.facts
    )
    for chapter in report.chapters:
        content[chapter.name] = _chapter_numbers(chapter)
    return plain(content)


def _chapter_numbers(chapter: Chapter) -> dict[str, Any]:
    sections = {}
    for section in chapter.sections:
        tables = {f'{table.name}_rows': table.rows for table in section.tables}
        sections[section.name] = {**section.data, **tables}
    return sections


def plain(value: Any) -> Any:
    """The same in JSON's types; None for numbers that are not finite."""
    if isinstance(value, dict):
        return {str(key): plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [plain(own) for own in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value

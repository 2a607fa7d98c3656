"""Fills the template of the page."""

import base64
import math
from typing import Any

import jinja2

from ..parts import Column, Picture, Report

NOTHING = '-'


def render_page(report: Report) -> str:
    """The page as HTML, with styles, scripts and pictures inside."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader('mmdet_plus.analysis.report', 'page'),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(
        cell=format_cell, sort_key=sort_key, source=data_url, is_number=is_number
    )
    return environment.get_template('report.html.jinja').render(report=report)


def format_cell(value: Any, column: Column) -> str:
    """A value as it is shown; a dash for what is not there."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return NOTHING
    if isinstance(value, float):
        if column.percent:
            return f'{value:.1%}'
        return f'{value:+.3f}' if column.signed else f'{value:.3f}'
    return str(value)


def sort_key(value: Any) -> str:
    """What a column is sorted by; empty for what is not there."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ''
    return repr(value) if is_number(value) else str(value)


def is_number(value: Any) -> bool:
    """Whether a cell is aligned as a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def data_url(picture: Picture) -> str:
    """The content of a picture as an address."""
    kind = {'jpg': 'jpeg'}.get(picture.suffix, picture.suffix)
    return f'data:image/{kind};base64,{base64.b64encode(picture.content).decode()}'

"""What a page is made of."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class Column:
    """Of a table: the key of its values in the rows, and what stands above them."""

    key: str
    title: str
    percent: bool = False
    """Whether values in [0, 1] are shown as percentages."""
    signed: bool = False
    """Whether positive numbers get a sign."""


@dataclass
class Table:
    """Rows of numbers that can be sorted by each column."""

    name: str
    caption: str
    columns: list[Column]
    rows: list[dict[str, Any]]


@dataclass
class Picture:
    """A plot or a crop."""

    name: str
    caption: str
    content: bytes
    """Of a file."""
    suffix: str = 'png'


@dataclass
class Gallery:
    """Crops of images, or a sentence that says why there are none."""

    name: str
    title: str
    caption: str
    crops: list[Picture]


@dataclass
class Section:
    """A question, the figures that answer it, and what to make of them."""

    name: str
    title: str
    text: str
    advice: str = ''
    notes: list[str] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    galleries: list[Gallery] = field(default_factory=list)
    data: dict[str, Any] = field(default_factory=dict)
    """Goes into the JSON file, beside the rows of the tables."""


@dataclass
class Chapter:
    """The sections about boxes, or about masks, or about a method."""

    name: str
    title: str
    sections: list[Section]


@dataclass
class Report:
    """All of a page."""

    title: str
    lead: list[str]
    """Sentences at the top, the most important first."""
    facts: dict[str, str]
    chapters: list[Chapter]

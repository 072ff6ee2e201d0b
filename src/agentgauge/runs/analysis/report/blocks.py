"""What a report is made of, in order, whatever it is rendered as."""

from __future__ import annotations

import msgspec


class Heading(msgspec.Struct, frozen=True):
    text: str
    level: int = 2
    """1 is the report's."""


class Paragraph(msgspec.Struct, frozen=True):
    text: str
    is_warning: bool = False


class Points(msgspec.Struct, frozen=True):
    """A list, one thought each."""

    items: tuple[str, ...]


class Bar(msgspec.Struct, frozen=True):
    """A figure on a scale from 0 to 1, with the limits of its interval where it has one (else NaN)."""

    value: float
    low: float
    high: float


class Table(msgspec.Struct, frozen=True):
    """Rows of text. The first column is a name and may be long, the others are figures."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    bars: tuple[Bar | None, ...] = ()
    """One for each row, or none at all."""
    scale: str = ""
    """What the bars' scale is: `0 to 100 %`."""


class Course(msgspec.Struct, frozen=True):
    """A figure of each run over time."""

    title: str
    points: tuple[tuple[float, float], ...]
    """Time and value, in order."""
    line: tuple[float, float] | None
    """The trend's value at the first and the last time."""
    low: str
    high: str
    """The least and the greatest value, in words; `start` and `end` the first and the last time."""
    start: str
    end: str


Block = Heading | Paragraph | Points | Table | Course

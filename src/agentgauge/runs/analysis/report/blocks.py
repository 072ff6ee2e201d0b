"""What a report is made of, in order, whatever it is rendered as."""

from __future__ import annotations

import math
from collections.abc import Sequence

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


def span_means(points: Sequence[tuple[float, float]], most: int) -> tuple[tuple[float, float], ...]:
    """Points in order as the means of at most so many equal spans of time, each at the span's middle; empty spans have
    none.
    """
    first, last = points[0][0], points[-1][0]
    width = (last - first) / most
    spans: dict[int, list[float]] = {}
    for moment, value in points:
        at = min(int((moment - first) / width), most - 1) if width > 0 else 0
        spans.setdefault(at, []).append(value)
    return tuple((first + (at + 0.5) * width, math.fsum(span) / len(span)) for at, span in spans.items())


Block = Heading | Paragraph | Points | Table | Course

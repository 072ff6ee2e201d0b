"""What a report says, whatever it is written on: every figure as it is read, with its exact value beside it.

A document is built once (`building`) and written by each form as it is: no form asks, counts or words anything.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from agentgauge.charts import Chart
from agentgauge.service.change_wording import ChangeWords


class Cell(msgspec.Struct, frozen=True):
    text: str
    note: str = ""
    """What is smaller beside it."""
    value: str = ""
    """Exact, for programs that read the document; empty where the text is all there is."""
    share: float | None = None
    """0-1 of a bar; None: no bar."""
    colour: str | None = None
    """The paint of what is named, as in the charts."""
    tone: Literal["plain", "good", "warn", "bad"] = "plain"


class Column(msgspec.Struct, frozen=True):
    title: str
    is_figure: bool = True
    """Else words, which are aligned at their beginning."""
    note: str = ""
    width: float = 1.0
    """On paper, of words in proportion to other words; figures are as wide as they need."""


class Table(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    """What to know before reading it."""
    more: int = 0
    """Rows that are not in it."""


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    figure: Cell
    change: ChangeWords | None
    """Against the window before; None where there is nothing to compare with."""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A chart, under its title, with what it leaves out."""

    name: str
    """Of its file, where it is one: `cost-by-model`."""
    title: str
    chart: Chart
    notes: tuple[str, ...] = ()


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    text: str
    remarks: tuple[str, ...] = ()


class Document(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    window: str
    """`2026-11-15 00:00 to 2026-11-22 00:00 (UTC)`."""
    conditions: tuple[str, ...]
    """As they were written."""
    as_of: str
    against: str
    """What changes are against: `changes against the 7 days before`; empty where there is nothing."""
    tiles: tuple[Tile, ...]
    changed: Sentence | None
    pictures: tuple[Picture, ...]
    tables: tuple[Table, ...]
    notes: tuple[str, ...]
    """How the figures were found, and what is not in them."""
    nothing: str = ""
    """Why there is nothing to say, and what would change that; empty where there is something."""
    version: str
    """Of agentgauge."""

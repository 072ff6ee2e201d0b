"""What a card can show. A card may show several of these, one under the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec

from agentgauge.charts import Chart
from agentgauge.dashboard.table import Table

Tone = Literal["plain", "good", "warn", "bad"]


class Tile(msgspec.Struct, frozen=True, kw_only=True):
    """One figure, how it changed, and its course."""

    title: str
    figure: str
    change: str | None = None
    """`14.8 %`, with its arrow; `no change` where none is shown by the test; None where there is nothing to compare."""
    rises: bool | None = None
    """Which way the arrow points; None without one."""
    tone: Tone = "plain"
    """Whether the change is good."""
    against: str = ""
    """What it is compared with: `vs previous 30 days`."""
    note: str = ""
    course: tuple[Decimal | float | None, ...] = ()
    """Of the sparkline, oldest first; None where nothing is known."""
    link: str | None = None


class Tiles(msgspec.Struct, frozen=True, tag=True):
    tiles: tuple[Tile, ...]


class Drawn(msgspec.Struct, frozen=True, kw_only=True):
    """A chart, with its legend and its table."""

    chart: Chart
    table: Table
    zooms: bool = False
    """Whether a part of its time can be chosen, which becomes the range of the page."""


class Sentence(msgspec.Struct, frozen=True, kw_only=True):
    text: str
    tone: Tone = "plain"
    link: str | None = None
    link_text: str = ""


class Note(msgspec.Struct, frozen=True):
    """A small remark: why something is not shown, or what to keep in mind."""

    text: str


class Facts(msgspec.Struct, frozen=True):
    """Names with a value each."""

    rows: tuple[tuple[str, str], ...]
    links: Mapping[str, str] = {}
    """Addresses, by the names: of the rows that a value is of."""


class Choice(msgspec.Struct, frozen=True):
    text: str
    link: str
    chosen: bool


class Choices(msgspec.Struct, frozen=True):
    """What a card or a page is of: one of some words, each a link."""

    label: str
    choices: tuple[Choice, ...]


def choices(label: str, options: Iterable[tuple[str, str, bool]]) -> Choices:
    """Of words, where each leads, and whether it is chosen."""
    return Choices(label, tuple(Choice(*option) for option in options))


class Empty(msgspec.Struct, frozen=True, kw_only=True):
    """There is nothing, and this is how there would be."""

    text: str
    command: str | None = None


class Own(msgspec.Struct, frozen=True, kw_only=True):
    """A template of the page's own, in `templates/`."""

    template: str
    values: Mapping[str, Any]
    table: Table | None = None
    """The same as a table, for CSV."""


Content = Tiles | Drawn | Table | Sentence | Note | Facts | Choices | Empty | Own


def kind_of(content: Content) -> str:
    """The name that templates know it by."""
    return type(content).__name__.lower()


def table_of(contents: tuple[Content, ...]) -> Table | None:
    """The table of a card, for CSV: the first there is."""
    for content in contents:
        if isinstance(content, Table):
            return content
        if isinstance(content, Drawn | Own) and content.table is not None:
            return content.table
    return None

"""Tables of text: one line per row, as many columns as a screen has room for, nothing cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.table import Table
from rich.text import Text

_LEGIBLE_WIDTH = 18
"""Columns that a name gets before numbers do; a longer one folds."""
_GAP = 3
"""Columns between two of a table."""
Cell = tuple[str, Callable[[Any], str]]
"""A column: its heading and what it shows of a row."""


def plain_table(title: str | None = None) -> Table:
    """A table of columns under headings, without frame, as narrow as its content."""
    return Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        header_style="dim",
    )


def rows_table(title: str | None, first: Sequence[Cell], numbers: Sequence[Cell], rows: Sequence[Any]) -> Table:
    """One line per row: first what it is, which folds where it must, then numbers, which never do."""
    table = plain_table(title)
    for heading, _ in first:
        table.add_column(heading, overflow="fold")
    for heading, show in numbers:
        table.add_column(heading, justify="right", no_wrap=True, min_width=natural_width(heading, show, rows))
    for row in rows:
        table.add_row(*(Text(show(row)) for _, show in (*first, *numbers)))
    return table


def fitting(
    first: Sequence[Cell], numbers: Sequence[Cell], expendable: Sequence[str], rows: Sequence[Any], width: int
) -> list[Cell]:
    """The numbers that fit beside legible first columns on a screen; of the expendable ones the first goes first."""
    kept = list(numbers)
    for heading in (*expendable, None):
        columns = [min(natural_width(*cell, rows), _LEGIBLE_WIDTH) for cell in first]
        columns += [natural_width(*cell, rows) for cell in kept]
        if table_width(columns) <= width:
            break
        kept = [cell for cell in kept if cell[0] != heading]
    return kept


def natural_width(heading: str, show: Callable[[Any], str], rows: Sequence[Any]) -> int:
    """Screen columns that a column of a table takes where nothing of it folds."""
    return max(cell_len(line) for text in (heading, *map(show, rows)) for line in text.split("\n"))


def table_width(columns: Sequence[int]) -> int:
    """Screen columns of a table whose columns are so wide."""
    return sum(columns) + _GAP * (len(columns) - 1)

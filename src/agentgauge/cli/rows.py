"""Rows of any statement on a screen of any width: a table where it fits, else a block per row."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from agentgauge.cli.tables import natural_width, plain_table, table_width
from agentgauge.events.plain import document

_NUMBERS = (int, float, Decimal)
_UNBROKEN = (*_NUMBERS, datetime)
_LEGIBLE_WIDTH = 18
"""Columns that a text gets at least before it folds."""


def print_rows_as_table(out: Console, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A line per row where the columns fit, long texts folded, numbers and times never; else a block per row."""
    texts = [[cell_text(value) for value in row] for row in rows]
    widths = [_width(name, at, texts) for at, name in enumerate(columns)]
    kinds = [{type(row[at]) for row in rows if row[at] is not None} for at, _ in enumerate(columns)]
    least = [
        width if kind <= {*_UNBROKEN, bool} else min(width, max(len(name), _LEGIBLE_WIDTH))
        for name, width, kind in zip(columns, widths, kinds, strict=True)
    ]
    if table_width(least) > out.width:
        _print_blocks(out, columns, texts)
        return
    table = plain_table()
    for name, kind, width in zip(columns, kinds, least, strict=True):
        numeric = bool(kind) and kind <= set(_NUMBERS)
        table.add_column(Text(name), justify="right" if numeric else "left", overflow="fold", min_width=width)
    for row in texts:
        table.add_row(*map(Text, row))
    out.print(table)


def cell_text(value: Any) -> str:
    """A value as a person reads it in a table: documents as JSON, times in UTC, nothing for null."""
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case _:
            shown = document(value)
            return msgspec.json.encode(shown).decode() if isinstance(shown, dict | list) else str(shown)


def _width(name: str, at: int, rows: Sequence[Sequence[str]]) -> int:
    return natural_width(name, lambda row: str(row[at]), rows)


def _print_blocks(out: Console, columns: Collection[str], rows: Sequence[Sequence[str]]) -> None:
    """Each row as lines of column and value, without the columns that it has no value in."""
    for number, row in enumerate(rows, 1):
        table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in zip(columns, row, strict=True):
            if value:
                table.add_row(Text(name), Text(value))
        out.print(Text(f"{'' if number == 1 else chr(10)}row {number}", style="bold"))
        out.print(table)

"""A report as plain text: for who reads mail so, and for channels that show nothing else.

Names come from programs, and may be anything: as in messages about alerts they command nothing and call nobody.
"""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.service.notifying.wording import one_line
from agentgauge.service.report_document.document import Cell, Document, Table, Tile

_WORDS = 90
"""Characters of a column of words, at most."""
_LONGEST = 4000
"""Characters of a line."""


def plain(document: Document) -> str:
    return "\n".join(line if line.startswith("  ") else one_line(line, _LONGEST) for line in _lines(document)) + "\n"


def _lines(document: Document) -> Iterator[str]:
    yield document.title
    yield document.window + (f", where {', '.join(document.conditions)}" if document.conditions else "")
    yield f"As of {document.as_of}" + (f"; {document.against}" if document.against else "")
    if document.nothing:
        yield from ("", document.nothing)
        return
    yield ""
    widest = max(len(tile.title) for tile in document.tiles)
    yield from (f"  {tile.title:<{widest}}  {_tile(tile)}" for tile in document.tiles)
    if document.changed is not None:
        yield from ("", document.changed.title, document.changed.text, *document.changed.remarks)
    for picture in document.pictures:
        yield from ("", picture.title, picture.chart.summary, *picture.notes)
    for table in document.tables:
        yield from ("", *_table(table))
    yield from ("", *document.notes)


def _tile(tile: Tile) -> str:
    if tile.change is None:
        return tile.figure.text
    way = "" if tile.change.rises is None else " more" if tile.change.rises else " less"
    return f"{tile.figure.text} ({tile.change.text}{way})"


def _table(table: Table) -> Iterator[str]:
    yield table.title
    if table.note:
        yield table.note
    cells = [[column.title for column in table.columns], *([_cell(one) for one in row] for row in table.rows)]
    widths = [min(_WORDS, max(len(row[at]) for row in cells)) for at in range(len(table.columns))]
    for row in cells:
        aligned = (
            text.rjust(width) if column.is_figure else text.ljust(width)
            for text, width, column in zip(row, widths, table.columns, strict=True)
        )  # fmt: skip
        yield f"  {'  '.join(aligned).rstrip()}"
    if table.more:
        yield f"  and {table.more:,} more"


def _cell(one: Cell) -> str:
    return one_line(f"{one.text} ({one.note})" if one.note else one.text)

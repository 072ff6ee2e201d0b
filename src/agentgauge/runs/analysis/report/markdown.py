"""A report as Markdown with tables (GitHub's), whose figures are drawn in characters."""

from __future__ import annotations

import re
from collections.abc import Sequence

from agentgauge.runs.analysis.report.blocks import Block, Heading, Paragraph, Points, Table
from agentgauge.runs.analysis.report.text import sparkline, text_bar

_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")


def as_markdown(blocks: Sequence[Block]) -> str:
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{'#' * block.level} {_escaped(block.text)}"
    if isinstance(block, Paragraph):
        return f"> **Note:** {_escaped(block.text)}" if block.is_warning else _escaped(block.text)
    if isinstance(block, Points):
        return "\n".join(f"- {_escaped(item)}" for item in block.items)
    if isinstance(block, Table):
        return _table(block)
    return (
        f"{_escaped(block.title)}, {block.start} to {block.end}:\n\n"
        f"`{sparkline(block)}` {_escaped(block.low)} to {_escaped(block.high)}"
    )


def _table(table: Table) -> str:
    columns = [*table.columns, *([table.scale] if table.bars else [])]
    aligned = [":--", *("--:" for _ in table.columns[1:]), *([":--"] if table.bars else [])]
    rows: list[Sequence[str]] = [[_escaped(column) for column in columns], aligned]
    for i, row in enumerate(table.rows):
        bar = table.bars[i] if table.bars else None
        rows.append([*map(_escaped, row), *([text_bar(bar) if bar is not None else ""] if table.bars else [])])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _escaped(text: str) -> str:
    """Text that stays text, on one line."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))

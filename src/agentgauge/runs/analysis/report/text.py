"""A report for a terminal of 80 columns."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill, wrap

from agentgauge.runs.analysis.report.blocks import Bar, Block, Course, Heading, Paragraph, Points, Table, span_means

WIDTH = 80
_NARROWEST_NAME = 16
_BAR = 10
_GAP = "  "
_LEVELS = "▁▂▃▄▅▆▇█"


def as_text(blocks: Sequence[Block]) -> str:
    return "\n\n".join(_block(block) for block in blocks) + "\n"


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"{block.text}\n{('=' if block.level == 1 else '-') * len(block.text)}"
    if isinstance(block, Paragraph):
        return _filled(block.text, "! " if block.is_warning else "")
    if isinstance(block, Points):
        return "\n".join(_filled(item, "- ") for item in block.items)
    return _table(block) if isinstance(block, Table) else _course(block)


def _filled(text: str, opening: str) -> str:
    return fill(text, WIDTH, initial_indent=opening, subsequent_indent=" " * len(opening), break_on_hyphens=False)


def _table(table: Table) -> str:
    """Columns as wide as they need; bars where there is room, and the name is wrapped to what is left."""
    cells = [table.columns, *table.rows]
    widths = [max(len(row[i]) for row in cells) for i in range(1, len(table.columns))]
    figures = sum(widths) + len(_GAP) * len(widths)
    longest = max(len(row[0]) for row in cells)
    room = WIDTH - figures - (len(_GAP) + _BAR)
    has_bars = bool(table.bars) and room >= longest
    name = min(longest, max(WIDTH - figures - (len(_GAP) + _BAR if has_bars else 0), _NARROWEST_NAME))
    lines = [*_row(table.columns, name, widths), "-" * min(name + figures, WIDTH)]
    for i, row in enumerate(table.rows):
        first, *more = _row(row, name, widths)
        bar = table.bars[i] if has_bars else None
        lines += [f"{first}{_GAP}{text_bar(bar)}" if bar is not None else first, *more]
    return "\n".join(line.rstrip() for line in lines)


def _row(row: Sequence[str], name: int, widths: Sequence[int]) -> list[str]:
    first, *more = wrap(row[0], name, subsequent_indent=" ") or [""]
    figures = "".join(f"{_GAP}{cell:>{width}}" for cell, width in zip(row[1:], widths, strict=True))
    return [f"{first:<{name}}{figures}", *more]


def text_bar(bar: Bar) -> str:
    """A bar of ten characters."""
    filled = round(_BAR * min(max(bar.value, 0.0), 1.0))
    return "█" * filled + "░" * (_BAR - filled)


def _course(course: Course) -> str:
    return f"{course.title}, {course.start} to {course.end}\n{sparkline(course)}  {course.low} to {course.high}"


def sparkline(course: Course, most: int = 40) -> str:
    """The course in characters: means of as many equal spans of time as fit, blank where there is no run."""
    spans = min(most, len(course.points))
    first, last = course.points[0][0], course.points[-1][0]
    width = (last - first) / spans
    values = [value for _, value in course.points]
    drawn = [" "] * spans
    for middle, mean in span_means(course.points, spans):
        drawn[int((middle - first) / width) if width > 0 else 0] = _LEVELS[_level(mean, min(values), max(values))]
    return "".join(drawn)


def _level(value: float, low: float, high: float) -> int:
    return round((value - low) / (high - low) * (len(_LEVELS) - 1)) if high > low else len(_LEVELS) // 2

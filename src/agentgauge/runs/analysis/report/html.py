"""A report as one HTML page: light and dark, readable from 390 pixels on, printable, with nothing loaded from anywhere.

Text from runs is escaped wherever it stands. Charts are inline SVG without text, so that they scale; what they say is
beside them in words. Tables state their roles, which a browser forgets of those that a narrow page lays out as lists.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from agentgauge.runs.analysis.report.blocks import Bar, Block, Course, Heading, Paragraph, Points, Table

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2129; --soft: #5b6472; --line: #d9dde3; --page: #ffffff; --shade: #f4f6f8;
  --mark: #2463b4; --range: #a9c5ea; --warn: #8a4b00; --warn-page: #fff5e6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #a0a9b6; --line: #363d47; --page: #14171c;
  --shade: #1d2229; --mark: #7db2f5; --range: #34527d; --warn: #ffc46b; --warn-page: #2c2314; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 3rem; max-width: 60rem; background: var(--page); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.6rem; line-height: 1.2; } h2 { font-size: 1.2rem; margin: 2.2rem 0 .6rem; }
p, li { max-width: 46rem; overflow-wrap: anywhere; }
.warning { border-left: 4px solid var(--warn); background: var(--warn-page); padding: .6rem .8rem; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); font-size: .875rem; padding-bottom: .3rem; }
th, td { padding: .4rem .6rem; text-align: right; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; font-size: .875rem; color: var(--soft); }
tbody th { text-align: left; color: var(--ink); font-size: 1rem; overflow-wrap: anywhere; }
thead th:first-child { text-align: left; }
td { white-space: nowrap; } td.bar { width: 9rem; min-width: 6rem; vertical-align: middle; }
svg { display: block; width: 100%; } svg.bar { height: .9rem; } svg.course { height: 9rem; background: var(--shade); }
.fill, .dot { fill: var(--mark); } .track { fill: var(--shade); } .range { fill: var(--range); }
.trend { stroke: var(--mark); stroke-width: 2; fill: none; vector-effect: non-scaling-stroke; }
.dot { stroke: var(--mark); stroke-width: 5; stroke-linecap: round; vector-effect: non-scaling-stroke; opacity: .6; }
figure { margin: 1.2rem 0; } figcaption { font-weight: 600; }
.ends { display: flex; justify-content: space-between; gap: 1rem; color: var(--soft); font-size: .875rem; }
@media (max-width: 40rem) {
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, caption { display: block; }
  tr { border-bottom: 1px solid var(--line); padding: .5rem 0; }
  tbody th { display: block; padding: 0; border: 0; }
  td { white-space: normal; display: flex; justify-content: space-between; gap: 1rem; padding: 0; border: 0; }
  td::before { content: attr(data-of); color: var(--soft); }
  td.bar { display: block; width: auto; padding: .3rem 0; } td.bar::before { content: none; }
}
@media print { body { max-width: none; } tr, figure { break-inside: avoid; } }
"""
_WIDTH, _HEIGHT, _MARGIN = 600, 140, 10
"""Of a course's drawing, in its own units; it is stretched to the page."""


def as_html(blocks: Sequence[Block]) -> str:
    title = next((block.text for block in blocks if isinstance(block, Heading)), "")
    body = "\n".join(_block(block) for block in blocks)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n{body}\n</main>\n"
        "</body>\n</html>\n"
    )


def _block(block: Block) -> str:
    if isinstance(block, Heading):
        return f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    if isinstance(block, Paragraph):
        return f'<p class="warning" role="note">{escape(block.text)}</p>' if block.is_warning else _p(block.text)
    if isinstance(block, Points):
        return "<ul>\n" + "\n".join(f"<li>{escape(item)}</li>" for item in block.items) + "\n</ul>"
    return _table(block) if isinstance(block, Table) else _course(block)


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _table(table: Table) -> str:
    head = "".join(f'<th role="columnheader" scope="col">{escape(column)}</th>' for column in table.columns)
    if table.bars:
        head += f'<th role="columnheader" scope="col">{escape(table.scale)}</th>'
    rows = [_row(table, row, table.bars[i] if table.bars else None) for i, row in enumerate(table.rows)]
    return (
        f'<table role="table">\n<thead role="rowgroup"><tr role="row">{head}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{chr(10).join(rows)}\n</tbody>\n</table>'
    )


def _row(table: Table, row: Sequence[str], bar: Bar | None) -> str:
    name, *figures = row
    cells = "".join(
        f'<td role="cell" data-of="{escape(column)}">{escape(figure)}</td>'
        for column, figure in zip(table.columns[1:], figures, strict=True)
    )
    drawn = f'<td role="cell" class="bar">{_bar(bar) if bar is not None else ""}</td>' if table.bars else ""
    return f'<tr role="row"><th role="rowheader" scope="row">{escape(name)}</th>{cells}{drawn}</tr>'


def _bar(bar: Bar) -> str:
    """The figure as a thin bar, its interval as a pale one behind it. Its row says the same in words."""
    parts = ['<rect class="track" width="100" height="10"/>']
    if not math.isnan(bar.low) and not math.isnan(bar.high):
        low, high = _on_scale(bar.low), _on_scale(bar.high)
        parts.append(f'<rect class="range" x="{low:.2f}" width="{max(high - low, 0.5):.2f}" height="10"/>')
    parts.append(f'<rect class="fill" y="3" width="{_on_scale(bar.value):.2f}" height="4"/>')
    return f'<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{"".join(parts)}</svg>'


def _on_scale(ratio: float) -> float:
    return 100 * min(max(ratio, 0.0), 1.0)


def _course(course: Course) -> str:
    """Runs as dots, the trend as a line."""
    first, last = course.points[0][0], course.points[-1][0]
    values = [value for _, value in course.points] + list(course.line or ())
    low, high = min(values), max(values)

    def x(moment: float) -> float:
        return _MARGIN + (_WIDTH - 2 * _MARGIN) * ((moment - first) / (last - first) if last > first else 0.5)

    def y(value: float) -> float:
        return _HEIGHT - _MARGIN - (_HEIGHT - 2 * _MARGIN) * ((value - low) / (high - low) if high > low else 0.5)

    dots = " ".join(f"M{x(moment):.1f} {y(value):.1f}h0" for moment, value in course.points)
    drawn = f'<path class="dot" d="{dots}"/>'
    if course.line is not None:
        begin, end = course.line
        drawn += f'<path class="trend" d="M{x(first):.1f} {y(begin):.1f}L{x(last):.1f} {y(end):.1f}"/>'
    return (
        f"<figure>\n<figcaption>{escape(course.title)}: {escape(course.low)} to {escape(course.high)}</figcaption>\n"
        f'<svg class="course" viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(course.title)}, {len(course.points)} runs and their trend">{drawn}</svg>\n'
        f'<div class="ends"><span>{escape(course.start)}</span><span>{escape(course.end)}</span></div>\n</figure>'
    )

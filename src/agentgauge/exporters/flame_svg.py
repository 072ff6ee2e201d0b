"""A flame as an SVG picture: a bar per path, below the one that it is inside, as wide as its share of the time.

Where what is inside took more time together than passed around it, bars are as wide as fits and say `in parallel`. The
picture is one file without scripts; a bar's figures are its title, which viewers show under the pointer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from agentgauge.service.reports.flame import Flame, Node

_WIDTH, _ROW, _MARGIN = 1200, 20, 10
_LEGIBLE = 24
"""Pixels below which a bar has no label."""
_LETTER = 6.6
"""Pixels that a character takes at most, of which the label is cut."""
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML has no way to write."""
_COLOURS = {"all": "#d9d9d9", "task": "#8ecae6", "llm_call": "#d4a5e8", "tool_call": "#f4d58d"}
"""All legible under black text."""


def placed(root: Node) -> Iterator[tuple[int, float, float, Node]]:
    """Each node with its depth and where its bar begins and ends, on 0-1; a parent before its children.

    Children stand in a row from where their parent begins, scaled down where they would not fit.
    """
    yield from _placed(root, 0, 0.0, 1.0)


def _placed(node: Node, depth: int, begin: float, end: float) -> Iterator[tuple[int, float, float, Node]]:
    yield depth, begin, end, node
    together = sum(child.value for child in node.children)
    whole = max(node.value, together)
    at = begin
    for child in node.children:
        width = (end - begin) * child.value / whole if whole else 0.0
        yield from _placed(child, depth + 1, at, at + width)
        at += width


def flame_svg(flame: Flame) -> str:
    """The picture."""
    bars = list(placed(flame.root))
    height = 2 * _MARGIN + _ROW * (1 + max(depth for depth, _, _, _ in bars))
    size = f"0 0 {_WIDTH + 2 * _MARGIN} {height}"
    title = _text(f"Where the time of {flame.operation or 'everything'} goes")
    lines = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}" font-family="monospace" font-size="11">',
        f"<title>{title}</title>",
        *(_bar(*bar) for bar in bars),
        "</svg>",
    )
    return "\n".join((*lines, ""))


def _bar(depth: int, begin: float, end: float, node: Node) -> str:
    x, width, y = _MARGIN + begin * _WIDTH, (end - begin) * _WIDTH, _MARGIN + depth * _ROW
    parallel = ", in parallel inside" if node.in_parallel else ""
    failed = f", {node.failures:,} failed" if node.failures else ""
    figures = (
        f"{node.name} ({node.kind}): {node.value:,.1f} ms ({node.share:.1%}), {node.self_ms:,.1f} ms of its own, "
        f"{node.count:,} runs{failed}{parallel}"
    )
    label = ""
    if width >= _LEGIBLE:
        letters = int((width - 6) / _LETTER)
        name = node.name if len(node.name) <= letters else f"{node.name[: letters - 1]}…"
        label = f'<text x="{x + 3:.2f}" y="{y + 14}">{_text(name)}</text>'
    return (
        f'<g><title>{_text(figures)}</title><rect x="{x:.2f}" y="{y}" width="{width:.2f}" height="{_ROW - 1}" '
        f'fill="{_COLOURS[node.kind]}"/>{label}</g>'
    )


def _text(text: str) -> str:
    """A name as text of XML, whatever is in it."""
    return escape(_FORBIDDEN.sub("\ufffd", text))

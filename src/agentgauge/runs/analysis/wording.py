"""Figures in words: as many digits as say something, and a dash for what is not known."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

from agentgauge.runs.analysis.figures import Figures, Range

NOT_KNOWN = "–"


def percent(ratio: float) -> str:
    return NOT_KNOWN if math.isnan(ratio) else f"{100 * ratio:.1f} %"


def usd(amount: float) -> str:
    """Cents from a dollar on, three digits that say something below: they are compared ($0.136, $0.143)."""
    if math.isnan(amount):
        return NOT_KNOWN
    if math.isinf(amount):
        return "none"
    size = abs(Decimal(repr(amount)))
    return f"${amount:,.{2 if size == 0 or size >= 1 else max(2, 2 - size.adjusted())}f}"


def seconds(duration: float) -> str:
    if math.isnan(duration):
        return NOT_KNOWN
    if math.isinf(duration):
        return "none"
    if 0 < duration < 1:
        return f"{1000 * duration:.3g} ms"
    if duration < 120:
        return f"{duration:.3g} s"
    return f"{duration / 60:.1f} min" if duration < 7200 else f"{duration / 3600:,.1f} h"


def quality(score: float) -> str:
    return NOT_KNOWN if math.isnan(score) else f"{score:.1f}"


def score(points: float) -> str:
    return NOT_KNOWN if math.isnan(points) else f"{points:.1f}"


def p_value(p: float) -> str:
    if math.isnan(p):
        return NOT_KNOWN
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_stated(p: float) -> str:
    """A p-value within a sentence."""
    return "too few to test" if math.isnan(p) else f"p {p_value(p)}" if p < 0.001 else f"p = {p_value(p)}"


def limits(found: Range, in_words: Callable[[float], str]) -> str:
    """The interval of a figure: `41.2 to 58.9`, the unit left to the figure beside it."""
    if math.isnan(found.low) or math.isnan(found.high):
        return NOT_KNOWN
    low, high = in_words(found.low), in_words(found.high)
    if low.endswith(" %") and high.endswith(" %"):
        low, high = low.removesuffix(" %"), high.removesuffix(" %")
    return f"{low.removeprefix('$')} to {high.removeprefix('$')}"


def marked(name: str, figures: Figures) -> str:
    """A name, with an asterisk where its figures are of few issues."""
    return f"{name} *" if figures.is_sparse else name


def days(first: datetime, last: datetime) -> str:
    """`on 2026-11-01`, `from 2026-11-01 to 2026-11-21`."""
    if first.date() == last.date():
        return f"on {first:%Y-%m-%d}"
    return f"from {first:%Y-%m-%d} to {last:%Y-%m-%d}"


def count(number: int, of: str) -> str:
    """`1 run`, `2,000 runs`."""
    plural = f"{of[:-1]}ies" if of.endswith("y") else f"{of}s"
    return f"{number:,} {of if number == 1 else plural}"

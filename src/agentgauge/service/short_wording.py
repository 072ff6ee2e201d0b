"""Figures as short as a page has room for: $1,235, $12.80, $0.0137; 31.0k; 2.25 s. Where there is room and every digit
counts, `wording` says them longer. What is not known is a dash, never zero.
"""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Decimal

from agentgauge.service.wording import NOTHING, percent

__all__ = ["NOTHING", "count", "duration", "large_count", "money", "percent", "score", "signed_percent"]

_LARGE = ((1e9, "B"), (1e6, "M"), (1e3, "k"))


def money(amount: Decimal | None) -> str:
    """Dollars: whole from a thousand up, cents from one up, four digits below, and more where those were all zeros."""
    if amount is None:
        return NOTHING
    sign, size = ("-" if amount < 0 else ""), abs(amount)
    if size >= Decimal("999.995"):
        digits = 0
    elif size == 0 or size >= Decimal("0.99995"):
        digits = 2
    else:
        digits = max(4, 1 - size.adjusted())
    return f"{sign}${size.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP):,f}"


def count(number: float) -> str:
    """`9,842`, whole."""
    return NOTHING if math.isnan(number) else f"{number:,.0f}"


def large_count(number: float) -> str:
    """Tokens: `9,842`, `31.0k`, `1.2M`."""
    if math.isnan(number):
        return NOTHING
    if abs(number) < 9_999.5:
        return f"{number:,.0f}"
    for size, sign in _LARGE:
        if abs(number) >= size * 0.99995:
            return f"{number / size:,.1f}{sign}"
    raise AssertionError


def duration(ms: float) -> str:
    """Milliseconds as `907 ms`, `2.25 s`, `3 m 05 s`, `1 h 02 m`. Not nothing is never 0."""
    if math.isnan(ms):
        return NOTHING
    if ms < 0:
        return f"-{duration(-ms)}"
    if 0 < ms < 0.05:
        return "<0.1 ms"
    if ms < 9.95:
        return f"{ms:.1f} ms" if ms else "0 ms"
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 59_995:
        return f"{ms / 1000:.2f} s"
    seconds = round(ms / 1000)
    if seconds < 3600:
        return f"{seconds // 60} m {seconds % 60:02d} s"
    minutes = round(seconds / 60)
    return f"{minutes // 60:,} h {minutes % 60:02d} m"


def score(value: float) -> str:
    """A score on 0-100 with one decimal."""
    return NOTHING if math.isnan(value) else f"{value:.1f}"


def signed_percent(ratio: float) -> str:
    """A relative change: `+14.8 %`, `-0.4 %`."""
    if math.isnan(ratio):
        return NOTHING
    return ("+" if ratio > 0 else "-" if ratio < 0 else "") + percent(abs(ratio))


def cost(amount: Decimal | None, unpriced_calls: int) -> str:
    """Money, with a plus where calls without a price are not in it; a dash where nothing has one."""
    return f"{money(amount)}+" if amount is not None and unpriced_calls else money(amount)

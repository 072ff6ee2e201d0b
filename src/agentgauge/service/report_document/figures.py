"""Figures as cells: as they are read, with their exact value for programs."""

from __future__ import annotations

import math
from decimal import Decimal

from agentgauge.events.plain import plain_digits
from agentgauge.service import short_wording
from agentgauge.service.report_document.document import Cell


def exact(value: Decimal | float | None) -> str:
    """Plain digits; empty of what is not known."""
    if value is None or math.isnan(value):
        return ""
    return plain_digits(value) if isinstance(value, Decimal) else repr(value)


def money_cell(amount: Decimal | None, unpriced_calls: int = 0) -> Cell:
    return Cell(
        short_wording.money(amount), value=exact(amount), note=f"+ {unpriced_calls} unpriced" if unpriced_calls else ""
    )


def cost_cell(amount: Decimal | None, unpriced_calls: int) -> Cell:
    """With a plus where calls without a price are not in it."""
    return Cell(short_wording.cost(amount, unpriced_calls), value=exact(amount))


def count_cell(number: int) -> Cell:
    return Cell(short_wording.count(number), value=str(number))


def tokens_cell(number: int) -> Cell:
    return Cell(short_wording.large_count(number), value=str(number))


def percent_cell(ratio: float) -> Cell:
    """The value is a ratio."""
    return Cell(short_wording.percent(ratio), value=exact(ratio))


def duration_cell(ms: float, *, is_known: bool = True) -> Cell:
    """The value is in milliseconds."""
    ms = ms if is_known else math.nan
    return Cell(short_wording.duration(ms), value=exact(ms))

"""The day on which a budget is used up, and between which days it may be: of forecast sums, as dates."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal

import msgspec

from agentgauge.analysis.forecast import Span, budget_exhaustion


class RunOut(msgspec.Struct, frozen=True, kw_only=True):
    """A date of None is one after the last day that was forecast, or one that cannot be said."""

    day: date | None = None
    earliest_80: date | None = None
    latest_80: date | None = None
    earliest_95: date | None = None
    latest_95: date | None = None


def run_out(budget_usd: Decimal, before: Decimal, of_today: Decimal, sums: Sequence[Span], today: date) -> RunOut:
    """Of what was spent of a budget before today, today, and is forecast from today's midnight on; empty where it is
    used up already.
    """
    if before + of_today >= budget_usd:
        return RunOut()
    found = budget_exhaustion(float(budget_usd - before), [at_least(span, float(of_today)) for span in sums])

    def dated(day: int | None) -> date | None:
        return None if day is None else today + timedelta(days=day - 1)

    return RunOut(
        day=dated(found.day),
        earliest_80=dated(found.earliest_80),
        latest_80=dated(found.latest_80),
        earliest_95=dated(found.earliest_95),
        latest_95=dated(found.latest_95),
    )


def at_least(span: Span, spent: float) -> Span:
    """What today has already cost is no less in any case."""
    return Span(*(max(figure, spent) for figure in msgspec.structs.astuple(span)))

"""The period of a budget as a chart: what is used so far against its limit and an even pace, and what is expected."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from agentgauge.analysis.forecast import Span
from agentgauge.charts import Chart, Series
from agentgauge.events.plain import plain_time
from agentgauge.service import forecast_wording, run_out_wording, short_wording
from agentgauge.service.budget_course import Course
from agentgauge.service.budget_outlook import Outlook
from agentgauge.service.budgets import BudgetState
from agentgauge.service.graphs.bands import EXPECTED_DASH, bands, form_of, legend, line

_COLOUR = "var(--series-1)"
_USED = Series("used", _COLOUR)
_EXPECTED = Series("expected", _COLOUR, EXPECTED_DASH)
_LIMIT = Series("limit", "var(--bad)", (8, 3, 2, 3))
_PACE = Series("even pace", "var(--muted)", (2, 2))


def burn_up(state: BudgetState, course: Course, outlook: Outlook) -> Chart:
    """What was used by each moment of the current period, and what is expected to be by the end of each day ahead; of a
    budget in total that is used up only what was.

    The even pace is what would use all of a period's budget at its end; a budget in total has none.
    """
    used = [(point.time, float(point.used_usd)) for point in course.points]
    now = used[-1]
    ends = not outlook.exhausted or course.end is not None  # what a budget in total is over by has no end
    ahead = [(_end(each.day), each.used) for each in outlook.days if ends and _end(each.day) > now[0]]
    rows: list[Mapping[str, Any]] = [line(at, _label(at), _USED, usd, _money(usd)) for at, usd in used]
    if ahead:
        rows.append(line(now[0], _label(now[0]), _EXPECTED, now[1], _money(now[1])))
        rows.extend(bands(now[0], _label(now[0]), _COLOUR, _certain(now[1], ahead[0][1])))
    for at, span in ahead:
        text = f"about {forecast_wording.figure(span.value, 'USD')}"
        rows.append(line(at, _label(at), _EXPECTED, span.value, text))
        rows.extend(bands(at, _label(at), _COLOUR, span))
    times = [at for at, _ in (*used, *ahead)]
    if course.end is not None and times[-1] < course.end:
        times.append(course.end)
    rows.extend(_limits(state, course, times))
    expected = (_EXPECTED, *(legend(_COLOUR) if outlook.state == "forecast" else ())) if ahead else ()
    return Chart(
        form=form_of(rows),
        unit="usd",
        rows=tuple(rows),
        series=(_USED, *expected, _LIMIT, *((_PACE,) if course.end else ())),
        summary=_summary(state, outlook),
        x_title="By",
        times={_label(at): plain_time(at) for at in times},
    )


def _limits(state: BudgetState, course: Course, times: Sequence[datetime]) -> list[Mapping[str, Any]]:
    limit = float(state.total_usd)
    found = [line(at, _label(at), _LIMIT, limit, _money(limit)) for at in times]
    if course.end is not None:
        length = course.end - course.start
        for at in times:
            pace = limit * ((at - course.start) / length)
            found.append(line(at, _label(at), _PACE, pace, _money(pace)))
    return found


def _certain(value: float, like: Span) -> Span:
    """Where the bands begin: at what is known; nowhere, where there are none."""
    limits = (like.low_80, like.high_80, like.low_95, like.high_95)
    return Span(value, *(limit if math.isnan(limit) else value for limit in limits))


def _summary(state: BudgetState, outlook: Outlook) -> str:
    used = f"{short_wording.money(state.used_usd)} of {short_wording.money(state.total_usd)} used"
    return f"{used}. {run_out_wording.sentence(outlook)}"


def _end(day: date) -> datetime:
    return datetime.combine(day + timedelta(days=1), time(), UTC)


def _label(at: datetime) -> str:
    """`end of Wed 5 Nov` at midnight, else `5 Nov 14:30`."""
    at = at.astimezone(UTC)
    if at.time() == time():
        day = at - timedelta(days=1)
        return f"end of {day:%a} {day.day} {day:%b}"
    return f"{at.day} {at:%b %H:%M} UTC"


def _money(value: float) -> str:
    return short_wording.money(Decimal(repr(value)))

"""The cards about change: operations that get slower or dearer from day to day, and metrics that move together."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any, Literal

from agentgauge.analysis.correlation import Correlation
from agentgauge.dashboard.charting import drawn
from agentgauge.dashboard.content import Content, Note, Sentence, Tone
from agentgauge.dashboard.page import PageAsked
from agentgauge.dashboard.pages.performance_metrics import metric_of
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import reports, wording
from agentgauge.service.graphs.colours import known_entities
from agentgauge.service.graphs.daily import daily_lines
from agentgauge.service.plain_trends import plain_correlation, plain_shifts, plain_trend
from agentgauge.service.reports.trends import FEWEST_DAYS, LOOKBACK_DAYS, MOST_DAYS, Trend, Trends, lookback
from agentgauge.service.trend_wording import a_day, chance, limits
from agentgauge.service.window import Window

_TOLD = 4
_TONES: dict[str, Tone] = {"degrading": "bad", "improving": "good"}
_RELATED = ("execution_time", "cost", "tokens", "success_rate", "quality_score")


def trends(asked: PageAsked) -> Iterator[Content]:
    metric, found = metric_of(asked), _found(asked)
    if not found.trends:
        yield Note(f"No operation has {metric.what} on a day that is over.")
        return
    moved = [trend for trend in found.trends if trend.trend in _TONES]
    for trend in sorted(moved, key=lambda trend: trend.trend)[:_TOLD]:
        yield Sentence(text=plain_trend(found, trend), tone=_TONES[trend.trend])
    if not moved and found.tests:
        yield Sentence(text=f"No operation is shown to change: {wording.count_of(found.tests, 'test')}.")
    for trend in found.trends:
        for said in plain_shifts(found, trend):
            yield Sentence(text=said, tone="warn")
    told = [trend for trend in found.trends if trend in moved or trend.shifts.points] or list(found.trends)
    known = known_entities(asked.engine, "operation")
    yield drawn(daily_lines(told, metric.unit, f"mean {metric.what}", known), zooms=True)


def operations(asked: PageAsked) -> Iterator[Content]:
    found = _found(asked)
    yield _table(found, asked)
    if found.tests > 1:
        yield Note(
            f"p is adjusted for {found.tests} trends (Holm): chance has one anywhere among them in 5 of 100 cases. "
            f"It holds for days that resemble the day before; {FEWEST_DAYS} days are needed."
        )


def _found(asked: PageAsked) -> Trends:
    metric = metric_of(asked)
    return reports.trends(
        asked.engine, metric.name, _days(asked), zone=asked.filters.tz, now=asked.now, by="operation",
        filters=asked.conditions, per=metric.per,
    )  # fmt: skip


def _days(asked: PageAsked) -> Window:
    """The range in whole days, or the last 30 where it is shorter than a trend needs."""
    window = asked.window
    if asked.filters.start is not None or asked.filters.end is not None or window.start is None:
        return window
    days = (asked.now - window.start) // timedelta(days=1)
    return lookback(min(days, MOST_DAYS) if days >= FEWEST_DAYS else LOOKBACK_DAYS, asked.filters.tz, asked.now)


def _range(asked: PageAsked) -> dict[str, str | None]:
    """The days of the trends as a range of a page; nothing where it is the page's own."""
    days = _days(asked)
    if days == asked.window or days.start is None or days.end is None:
        return {}
    return {"range": None, "start": days.start.isoformat(), "end": days.end.isoformat()}


def _table(found: Trends, asked: PageAsked) -> Table:
    stated = {row.name for row in reports.ranking(asked.engine, _days(asked), "operation", asked.conditions).rows}
    return Table(
        columns=(
            Column(key="operation", title="Operation", kind="name"),
            Column(key="trend", title="Trend", kind="status", note="p is adjusted for the number of operations"),
            Column(key="slope", title="Change a day", note="Theil-Sen: the median over all pairs of days"),
            Column(key="limits", title="95 %", narrow=False, sorts=False),
            Column(key="values", title="Values", kind="count", narrow=False),
        ),
        rows=tuple(_row(trend, found, asked, stated) for trend in found.trends),
        caption="Trend of each operation",
        empty="No operation has values on a day that is over.",
    )


def _row(trend: Trend, found: Trends, asked: PageAsked, stated: Collection[str | None]) -> Row:
    """`stated`: what events name as their operation."""
    known = trend.trend != "insufficient_data"
    values = {
        "operation": trend.key or "none", "trend": _word(trend), "values": trend.values,
        "slope": a_day(trend.robust.slope_per_day, found.unit) if known else None,
        "limits": limits(trend, found.unit) if known else None,
    }  # fmt: skip
    rows = {**metric_of(asked).rows, **_range(asked)}
    return Row(
        values=values, links={"values": asked.link("/runs", **rows, **_operation(trend.key, stated))},
        notes={"trend": chance(trend.p_adjusted)} if known else {},
        tones={"trend": tone} if (tone := _tone(trend)) else {},
    )  # fmt: skip


def _operation(name: str | None, stated: Collection[str | None]) -> dict[str, Any]:
    """What the page of runs is asked for an operation: what names none as its operation goes by what it is called."""
    if name is None:
        return {"without": ("operation", "name")}
    return {"operation": name} if name in stated else {"without": "operation", "name": name}


def _word(trend: Trend) -> Literal["degrading", "improving", "no change shown", "level shifted", "too few days"]:
    match trend.trend:
        case "degrading" | "improving":
            return trend.trend
        case "insufficient_data":
            return "too few days"
        case _:
            return "level shifted" if trend.shifts.points else "no change shown"


def _tone(trend: Trend) -> Literal["good", "warn", "bad"] | None:
    match trend.trend:
        case "degrading":
            return "bad"
        case "improving":
            return "good"
        case _:
            return "warn" if trend.shifts.points else None


def _rho(pair: Correlation) -> str | None:
    return None if math.isnan(pair.rho) else f"{round(pair.rho, 2) or 0.0:+.2f}"


def correlations(asked: PageAsked) -> Iterator[Content]:
    found = reports.correlate(asked.engine, asked.window, _RELATED, unit="issue", filters=asked.conditions)
    shown = [pair for pair in found.pairs if pair.n]
    yield Table(
        columns=(
            Column(key="a", title="Metric", kind="name"),
            Column(key="b", title="And"),
            Column(key="rho", title="Correlation", sorts=False, note="Of ranks: Spearman's rho, -1 to 1"),
            Column(key="limits", title="95 %", sorts=False, narrow=False),
            Column(key="n", title="Issues", kind="count", narrow=False),
            Column(key="said", title="In words"),
        ),
        rows=tuple(
            Row(
                values={
                    "a": pair.a.replace("_", " "), "b": pair.b.replace("_", " "), "rho": _rho(pair),
                    "limits": f"{pair.ci_low:.2f} to {pair.ci_high:.2f}" if not math.isnan(pair.ci_low) else None,
                    "n": pair.n, "said": plain_correlation(pair),
                },
                notes={"said": chance(pair.p_adjusted)},
            )
            for pair in shown
        ),
        caption="Metrics that rise and fall together",
        empty="Correlations are over issues: no event of this range names one.",
    )  # fmt: skip
    if shown:
        yield Note("A correlation is no cause.")

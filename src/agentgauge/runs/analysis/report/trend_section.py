"""The section on trends: a table, and a drawing of each course."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime

from agentgauge.runs.analysis import wording
from agentgauge.runs.analysis.report.blocks import Block, Course, Heading, Table, span_means
from agentgauge.runs.analysis.trends import RunTrend

MOST_POINTS = 500
"""Of a course; of more runs the means of equal spans of time are drawn."""
_UNITS: dict[str, Callable[[float], str]] = {
    "success_rate": lambda value: wording.percent(value / 100),
    "cost": wording.usd,
    "duration": wording.seconds,
    "quality": wording.quality,
}
_TITLES = {
    "success_rate": "Issues resolved per run",
    "cost": "Cost per run",
    "duration": "Duration per run",
    "quality": "Quality per run",
}


def trend_section(trends: Sequence[RunTrend]) -> Iterator[Block]:
    yield Heading("Trends")
    yield Table(
        ("Per run", "Trend", "Runs", "Change", "p"),
        tuple(
            (
                _TITLES[trend.name],
                trend.trend.replace("_", " "),
                f"{trend.line.n:,}",
                _change(trend),
                wording.p_value(trend.p_adjusted),
            )
            for trend in trends
        ),
    )
    for trend in trends:
        if trend.trend != "insufficient_data":
            yield _course(trend)


def _change(trend: RunTrend) -> str:
    """What the line rises or falls from the first run to the last."""
    if math.isnan(trend.line.slope_per_day):
        return wording.NOT_KNOWN
    begin, end = _line(trend)
    words = f"{abs(end - begin):.1f} points" if trend.name == "success_rate" else _UNITS[trend.name](abs(end - begin))
    return f"{'-' if end < begin else '+'}{words}"


def _line(trend: RunTrend) -> tuple[float, float]:
    """The line's value at the first and at the last run."""
    days = (trend.points[-1][0] - trend.points[0][0]) / 86400
    return trend.line.intercept, trend.line.intercept + days * trend.line.slope_per_day


def _course(trend: RunTrend) -> Course:
    values, words = [value for _, value in trend.points], _UNITS[trend.name]
    first, last = trend.points[0][0], trend.points[-1][0]
    return Course(
        title=_TITLES[trend.name],
        points=trend.points if len(trend.points) <= MOST_POINTS else span_means(trend.points, MOST_POINTS),
        line=_line(trend),
        low=words(min(values)),
        high=words(max(values)),
        start=_day(first),
        end=_day(last),
    )


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"

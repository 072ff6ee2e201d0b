"""The daily figures of trends as a chart: a line for each of what is told apart."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from agentgauge.charts import Chart, Series, Unit, paints
from agentgauge.charts.palette import MOST
from agentgauge.service.graphs.courses import worded
from agentgauge.service.graphs.days import bucket_name, bucket_times, on_clocks
from agentgauge.service.readings.series import Point
from agentgauge.service.reports.trends import Trend


def daily_lines(trends: Sequence[Trend], unit: Unit, what: str, known: Sequence[str]) -> Chart:
    """Of days that are over, of at most six keys: those with the most values, in the order of `known`, whose colours
    they have.
    """
    most = sorted(trends, key=lambda trend: -trend.values)[:MOST]
    order = {name: at for at, name in enumerate(known)}
    drawn = sorted((trend for trend in most if trend.key), key=lambda trend: order.get(trend.key or "", len(known)))
    names = [trend.key or "" for trend in drawn]
    paint = paints(names, known)
    rows: tuple[dict[str, Any], ...] = tuple(
        {
            "x": on_clocks(point.start), "label": bucket_name(point.start, "day"), "y": point.value,
            "text": worded(point.value, unit), "series": name, "colour": paint[name].colour, "dash": paint[name].dash,
        }
        for name, trend in zip(names, drawn, strict=True)
        for point in _known(trend)
    )  # fmt: skip
    said = "; ".join(f"{name} {_range(trend, unit)}" for name, trend in zip(names, drawn, strict=True))
    return Chart(
        form="lines",
        unit=unit,
        rows=rows,
        series=tuple(Series(name, paint[name].colour, paint[name].dash) for name in names),
        summary=f"{what[:1].upper()}{what[1:]} per day: {said}." if rows else f"No {what} here.",
        x_title="Day",
        times=bucket_times((point.start for trend in drawn for point in _known(trend)), "day"),
    )


def _known(trend: Trend) -> list[Point]:
    return [point for point in trend.points if point.complete and not math.isnan(point.value)]


def _range(trend: Trend, unit: Unit) -> str:
    values = [point.value for point in _known(trend)]
    return f"from {worded(min(values), unit)} to {worded(max(values), unit)}" if values else "on no whole day"

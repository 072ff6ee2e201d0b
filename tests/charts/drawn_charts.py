"""One chart of each form, as small as shows it."""

from __future__ import annotations

from typing import Any

from agentgauge.charts import Chart
from agentgauge.charts.palette import paint


def _row(series: int, day: int, y: float, **more: Any) -> dict[str, Any]:
    one = paint(series)
    return {
        "x": f"2026-11-{day:02d}T00:00:00Z", "x2": f"2026-11-{day + 1:02d}T00:00:00Z", "label": f"{day} Nov", "y": y,
        "series": f"series {series}", "colour": one.colour, "dash": one.dash, "order": series, "text": f"{y}", **more,
    }  # fmt: skip


def _named(number: int, **more: Any) -> dict[str, Any]:
    return {"y": f"name {number}", "text": f"text {number}", "colour": paint(number).colour, **more}


_DAYS = tuple(_row(series, day, 0.25 * day + series) for series in range(3) for day in range(1, 8))

CHARTS: dict[str, Chart] = {
    "area": Chart(form="area", unit="usd", rows=_DAYS, summary="Cost."),
    "columns": Chart(form="columns", unit="tokens", rows=_DAYS, summary="Tokens."),
    "lines": Chart(form="lines", unit="ms", rows=_DAYS, summary="Latency."),
    "band": Chart(
        form="band", unit="usd", summary="Forecast.",
        rows=tuple(_row(0, day, 2.0 * day, low=1.5 * day, high=3.0 * day) for day in range(1, 8)),
    ),
    "bars": Chart(form="bars", unit="usd", summary="Bars.", rows=tuple(_named(at, x=at + 0.5) for at in range(4))),
    "intervals": Chart(
        form="intervals", unit="ratio", summary="Differences.",
        rows=tuple(_named(at, x=at / 20, low=at / 20 - 0.1, high=at / 20 + 0.1, rule=0.0) for at in range(4)),
    ),
    "histogram": Chart(
        form="histogram", unit="ms", summary="Times.",
        rows=tuple(
            {"x": at * 5_000, "x2": (at + 1) * 5_000, "y": at % 4, "text": f"{at}", "colour": paint(0).colour}
            for at in range(24)
        ),
    ),
    "heat": Chart(
        form="heat", unit="count", summary="Hours.",
        rows=tuple(
            {"x": f"{hour:02d}", "y": day, "value": hour, "text": f"{hour}", "colour": paint(0).colour}
            for day in ("Mon", "Tue") for hour in range(24)
        ),
    ),
    "points": Chart(form="points", unit="score", rows=_DAYS, summary="Scores."),
}  # fmt: skip

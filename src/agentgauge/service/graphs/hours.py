"""The hours of the week as a chart: a row per day, a column per hour, as dark as there is much."""

from __future__ import annotations

from agentgauge.charts import Chart, Unit
from agentgauge.service import short_wording
from agentgauge.service.graphs.courses import worded
from agentgauge.service.reports.week_hours import WeekHour, WeekHours

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def hours_chart(found: WeekHours, unit: Unit, what: str) -> Chart:
    """`what` is counted: `tasks`."""
    rows = tuple(
        {
            "x": f"{cell.hour:02d}:00", "y": DAYS[cell.weekday], "value": cell.count, "label": cell_name(cell),
            "text": _text(cell, unit), "series": what, "colour": "var(--series-1)",
        }
        for cell in found.cells
    )  # fmt: skip
    return Chart(form="heat", unit="count", rows=rows if found.busiest else (), summary=_summary(found, unit, what))


def cell_name(cell: WeekHour) -> str:
    return f"{DAYS[cell.weekday]} {cell.hour:02d}:00"


def _text(cell: WeekHour, unit: Unit) -> str:
    said = short_wording.count(cell.count)
    return f"{said}, {worded(cell.mean, unit)} on average" if cell.count else said


def _summary(found: WeekHours, unit: Unit, what: str) -> str:
    if found.busiest is None:
        return f"No {what} here."
    return (
        f"Busiest is {cell_name(found.busiest)} with {short_wording.count(found.busiest.count)} of "
        f"{short_wording.count(found.count)} {what}, {worded(found.busiest.mean, unit)} on average "
        f"({found.time_zone})."
    )

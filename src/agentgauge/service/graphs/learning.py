"""What was measured of learning as a chart: a line for each measurement of a feature."""

from __future__ import annotations

from collections.abc import Sequence

from agentgauge.charts import Chart, Series, paints
from agentgauge.charts.palette import MOST
from agentgauge.service.graphs.courses import worded
from agentgauge.service.graphs.days import bucket_name, bucket_times, on_clocks
from agentgauge.service.reports.learning import Learning

_RATIO = "1"


def learning_name(row: Learning) -> str:
    return row.name if row.feature is None else f"{row.feature}: {row.name}"


def learning_chart(rows: Sequence[Learning]) -> Chart:
    """Daily means of accuracies, the six with the most values; what is no ratio is in the table alone."""
    known = sorted(learning_name(row) for row in rows if row.unit == _RATIO)
    most = sorted((row for row in rows if row.unit == _RATIO), key=lambda row: -row.mean.n)[:MOST]
    drawn = sorted(most, key=learning_name)
    paint = paints([learning_name(row) for row in drawn], known)
    points = tuple(
        {
            "x": on_clocks(day.start), "label": bucket_name(day.start, "day"), "y": day.mean,
            "text": worded(day.mean, "ratio"), "series": learning_name(row),
            "colour": paint[learning_name(row)].colour, "dash": paint[learning_name(row)].dash,
        }
        for row in drawn
        for day in row.days
    )  # fmt: skip
    said = "; ".join(
        f"{learning_name(row)} from {worded(row.days[0].mean, 'ratio')} to {worded(row.latest, 'ratio')}"
        for row in drawn
    )
    return Chart(
        form="lines",
        unit="ratio",
        rows=points,
        series=tuple(
            Series(name, paint[name].colour, paint[name].dash) for row in drawn for name in (learning_name(row),)
        ),
        summary=f"Daily means: {said}." if drawn else "No accuracy was measured here.",
        x_title="Day",
        times=bucket_times((day.start for row in drawn for day in row.days), "day"),
    )

"""Scores that people gave as charts: how they are spread, and their mean over time."""

from __future__ import annotations

from agentgauge.charts import Chart
from agentgauge.service import short_wording
from agentgauge.service.graphs.intervals import Moment, band_chart
from agentgauge.service.reports.intervals import share_of
from agentgauge.service.reports.satisfaction import Satisfaction

CLASS_NAMES = {1: "1, worst", 2: "2", 3: "3", 4: "4", 5: "5, best"}
_SATISFIED = {True: "var(--series-1)", False: "var(--series-2)"}


def scores_chart(found: Satisfaction) -> Chart:
    """A bar for each of the five scores, in the colour of satisfied from 4 on."""
    total = found.mean.n
    rows = tuple(
        {
            "y": CLASS_NAMES[each.score], "x": each.count, "series": "scores",
            "text": f"{short_wording.count(each.count)}, {short_wording.percent(share_of(each.count, total).share)}",
            "colour": _SATISFIED[each.score >= 4],
        }
        for each in reversed(found.classes)
    )  # fmt: skip
    said = ", ".join(f"{row['y']}: {row['text']}" for row in rows)
    summary = f"{short_wording.count(total)} scores. {said}." if total else "No scores here."
    return Chart(form="bars", unit="count", rows=rows if total else (), summary=summary, x_title="Score")


def satisfaction_course(found: Satisfaction, width: str) -> Chart:
    """The mean score of each bucket with its interval."""
    moments = [Moment(each.start, each.mean.mean, each.mean.low, each.mean.high) for each in found.course]
    return band_chart(moments, "ratio", width=width, what="mean satisfaction", name="satisfaction")

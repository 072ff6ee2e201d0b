"""How often values are in each class, as a chart: on an axis of ratios, as the classes are."""

from __future__ import annotations

from agentgauge.charts import Chart, Unit
from agentgauge.service import short_wording
from agentgauge.service.graphs.courses import worded
from agentgauge.service.reports.histogram import Class, Histogram

COLOUR = "var(--series-1)"


def histogram_chart(found: Histogram, unit: Unit, what: str) -> Chart:
    """`what` are the values: `execution time of tasks`."""
    rows = tuple(
        {
            "x": each.low, "x2": each.high, "y": each.count, "label": class_words(each, unit),
            "text": short_wording.count(each.count), "series": what, "colour": COLOUR,
        }
        for each in found.classes
    )  # fmt: skip
    return Chart(form="histogram", unit=unit, rows=rows, summary=_summary(found, unit, what), x_title="Values")


def class_words(each: Class, unit: Unit) -> str:
    return f"{worded(each.low, unit)} to {worded(each.high, unit)}"


def _summary(found: Histogram, unit: Unit, what: str) -> str:
    if not found.classes:
        return f"No values of {what} above 0 here."
    most = max(found.classes, key=lambda each: each.count)
    spread = f"from {worded(found.classes[0].low, unit)} to {worded(found.classes[-1].high, unit)}"
    outside = [
        f"{short_wording.count(count)} {words}"
        for count, words in ((found.zeros, "are 0"), (found.negative, "are below 0"))
        if count
    ]
    left = f"; {' and '.join(outside)}, and not drawn" if outside else ""
    return (
        f"{short_wording.count(found.count)} values of {what} {spread}, the most, "
        f"{short_wording.count(most.count)}, from {class_words(most, unit)}{left}."
    )

"""How often values are in each class, as a chart: on an axis of ratios, as classes are, so places are logarithms."""

from __future__ import annotations

import math

from agentgauge.charts import Chart, Unit
from agentgauge.charts.axis import Axis, labels
from agentgauge.service import short_wording
from agentgauge.service.graphs.courses import worded
from agentgauge.service.reports.histogram import Class, Histogram

_COLOUR = "var(--series-1)"
_MOST_TICKS = 7
_DIGITS = (1, 2, 5)
_CLOCKS = tuple(size * unit for unit, sizes in ((1_000, (1, 2, 5, 10, 30)), (60_000, (1, 2, 5, 10, 30)),
                (3_600_000, (1, 2, 5, 12, 24))) for size in sizes)  # fmt: skip
"""Milliseconds from a second up that clocks count by."""
_ROUND_CLOCKS = (1_000, 10_000, 60_000, 600_000, 3_600_000, 86_400_000)


def histogram_chart(found: Histogram, unit: Unit, what: str) -> Chart:
    """`what` are the values: `execution time of tasks`."""
    rows = tuple(
        {
            "x": math.log10(each.low), "x2": math.log10(each.high), "y": each.count, "label": class_words(each, unit),
            "text": short_wording.count(each.count), "series": what, "colour": _COLOUR,
        }
        for each in found.classes
    )  # fmt: skip
    return Chart(
        form="histogram",
        unit=unit,
        rows=rows,
        summary=_summary(found, unit, what),
        x_title="Values",
        axis=_axis(found.classes[0].low, found.classes[-1].high, unit) if rows else None,
    )


def _axis(low: float, high: float, unit: Unit) -> Axis:
    """Round values, as few as there is room for, where their logarithms are."""
    ticks = [tick for tick in _round_values(low, high, unit, _DIGITS, _CLOCKS) if low <= tick <= high]
    if len(ticks) > _MOST_TICKS:
        ticks = [tick for tick in _round_values(low, high, unit, (1,), _ROUND_CLOCKS) if low <= tick <= high]
    ticks = ticks[:: math.ceil(len(ticks) / _MOST_TICKS)] if ticks else [low, high]
    return Axis(
        tuple(math.log10(tick) for tick in ticks),
        tuple(labels((tick,), unit)[0] for tick in ticks),
        (math.log10(low), math.log10(high)),
    )


def _round_values(low: float, high: float, unit: Unit, digits: tuple[int, ...], clocks: tuple[int, ...]) -> list[float]:
    """Powers of ten times some digits; of times from a second up what clocks count by."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    values = [digit * 10.0**power for power in powers for digit in digits]
    return values if unit != "ms" else [*(value for value in values if value < clocks[0]), *map(float, clocks)]


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

"""Estimates with their intervals as charts: side by side, and over time."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from agentgauge.charts import Chart, Series, Unit
from agentgauge.service.graphs.courses import worded
from agentgauge.service.graphs.days import bucket_name, bucket_times, on_clocks

_PLAIN = "var(--series-1)"


class Estimated(msgspec.Struct, frozen=True):
    """A figure; NaN limits where there is no interval."""

    name: str
    value: float
    low: float
    high: float


def estimates_chart(
    rows: Sequence[Estimated],
    unit: Unit,
    *,
    what: str,
    nothing: str,
    null: float | None = None,
    colours: Mapping[str, str] = {},
) -> Chart:
    """One under the other, those without a value left out; `null` is where there would be no change, `nothing` what is
    said where there are none.
    """
    known = [row for row in rows if not math.isnan(row.value)]
    drawn = tuple(
        {
            "y": row.name, "x": row.value, "low": _or(row.low, row.value), "high": _or(row.high, row.value),
            "text": interval_words(row, unit), "series": what, "colour": colours.get(row.name, _PLAIN),
            **({} if null is None else {"rule": null}),
        }
        for row in known
    )  # fmt: skip
    said = "; ".join(f"{row.name} {interval_words(row, unit)}" for row in known)
    summary = f"{what[:1].upper()}{what[1:]}, with 95 % intervals: {said}." if known else nothing
    return Chart(form="intervals", unit=unit, rows=drawn, summary=summary, x_title="Of")


class Moment(msgspec.Struct, frozen=True):
    """A figure of a bucket of time."""

    start: datetime
    value: float
    low: float
    high: float


def band_chart(moments: Sequence[Moment], unit: Unit, *, width: str, what: str, name: str) -> Chart:
    """A line with its interval; a bucket without a value leaves a gap."""
    known = [each for each in moments if not math.isnan(each.value)]
    rows = tuple(
        {
            "x": on_clocks(each.start), "label": bucket_name(each.start, width), "y": _known(each.value),
            "low": _known(_or(each.low, each.value)), "high": _known(_or(each.high, each.value)), "series": name,
            "text": interval_words(Estimated(name, each.value, each.low, each.high), unit),
            "colour": _PLAIN, "dash": (1, 0),
        }
        for each in (moments if known else ())
    )  # fmt: skip
    if known:
        lowest, highest = (pick(each.value for each in known) for pick in (min, max))
        summary = (
            f"{what[:1].upper()}{what[1:]} per {width}, from {worded(lowest, unit)} to {worded(highest, unit)}, "
            "with 95 % intervals."
        )
    else:
        summary = f"No {what} here."
    return Chart(
        form="band", unit=unit, rows=rows, series=(Series(name, _PLAIN),), summary=summary,
        x_title=width.capitalize(), times=bucket_times((each.start for each in moments), width),
    )  # fmt: skip


def interval_words(row: Estimated, unit: Unit) -> str:
    """`74.0 % (68.1 % to 79.2 %)`."""
    said = worded(row.value, unit)
    return said if math.isnan(row.low) else f"{said} ({worded(row.low, unit)} to {worded(row.high, unit)})"


def _or(limit: float, value: float) -> float:
    return value if math.isnan(limit) else limit


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value

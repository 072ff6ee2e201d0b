"""Figures over time as charts: sums by series, which add up, and figures that do not."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol, TypeVar

from agentgauge.charts import Chart, Series, Unit, paints
from agentgauge.charts.axis import Form
from agentgauge.charts.palette import MOST, OTHER
from agentgauge.service import short_wording
from agentgauge.service.graphs.days import bucket_name, bucket_times, on_clocks
from agentgauge.service.reports.over_time import Slot

Figures = TypeVar("Figures")


class Dated(Protocol):
    """A bucket of time with figures of its own."""

    @property
    def start(self) -> datetime: ...


At = TypeVar("At", bound=Dated)


def worded(value: Decimal | float | None, unit: Unit) -> str:
    """A figure of a chart as its tooltip says it."""
    if value is None or math.isnan(value):
        return short_wording.NOTHING
    match unit:
        case "usd":
            return short_wording.money(value if isinstance(value, Decimal) else Decimal(repr(value)))
        case "ms":
            return short_wording.duration(float(value))
        case "ratio":
            return short_wording.percent(float(value))
        case "score":
            return short_wording.score(float(value))
        case "tokens":
            return short_wording.large_count(float(value))
        case _:
            return short_wording.count(float(value))


def sums_by(
    buckets: Sequence[Slot[Figures]],
    column: str,
    figure: Callable[[Figures], Decimal | float | None],
    unit: Unit,
    *,
    known: Sequence[str],
    width: str,
    what: str,
    form: Form = "columns",
    unnamed: str = "none",
) -> Chart:
    """Sums per bucket, stacked by a column. The entities without a colour of their own together are `Other`.

    `what` says in the summary what is summed: `cost`. A series that is zero throughout, or of which nothing is known,
    is left out. What is not known of a bucket is a gap, and in no sum.
    """
    starts = sorted({bucket.start for bucket in buckets})
    names = {bucket.key.get(column) for bucket in buckets}
    named = [name for name in known if name in names]
    others = sorted(str(name) for name in names if name is not None and name not in known)
    folded = {name: OTHER if len(others) > 1 else name for name in others}
    values: dict[tuple[str, Any], Decimal | float] = defaultdict(lambda: 0)
    unknown: set[tuple[str, Any]] = set()
    for bucket in buckets:
        name = bucket.key.get(column)
        value = figure(bucket.of)
        series = unnamed if name is None else folded.get(str(name), str(name))
        if value is None or math.isnan(value):
            unknown.add((series, bucket.start))
        else:
            values[series, bucket.start] += value  # type: ignore[operator] # all of one kind
    unknown = {key for key in unknown if not values.get(key)}  # of several folded into one, some may be known
    listed = [*named, *dict.fromkeys(folded.values()), *([unnamed] if None in names else [])]
    totals = {name: sum((values[name, start] for start in starts), start=_zero(unit)) for name in listed}
    shown = [name for name in listed if totals[name]]
    paint = paints(shown, known)
    ends = _ends(starts)
    rows = tuple(
        {
            "x": on_clocks(start), "x2": on_clocks(ends[start]), "label": bucket_name(start, width),
            **_sum(None if (name, start) in unknown else values[name, start], unit),
            "series": name, "colour": paint[name].colour, "order": at,
        }
        for at, name in enumerate(shown)
        for start in starts
    )  # fmt: skip
    return Chart(
        form=form,
        unit=unit,
        rows=rows,
        series=tuple(Series(name, paint[name].colour) for name in shown),
        summary=_sums_summary({name: totals[name] for name in shown}, unit, what, width, len(starts)),
        x_title=width.capitalize(),
        totals=_totals(values, shown, starts, unit, width),
        times=bucket_times(starts, width),
    )


def _sum(value: Decimal | float | None, unit: Unit) -> Mapping[str, Any]:
    return {"y": _known(value), "text": worded(value, unit)}


def figures(
    buckets: Sequence[At],
    lines: Mapping[str, Callable[[At], Decimal | float | None]],
    unit: Unit,
    *,
    width: str,
    what: str,
    form: Form = "lines",
) -> Chart:
    """Figures per bucket that do not add up, one line each; a bucket where one is not known leaves a gap."""
    paint = paints(list(lines), list(lines)[:MOST])
    rows = tuple(
        {
            "x": on_clocks(bucket.start), "label": bucket_name(bucket.start, width), "y": _known(figure(bucket)),
            "text": worded(figure(bucket), unit), "series": name, "colour": paint[name].colour,
            "dash": paint[name].dash,
        }
        for name, figure in lines.items()
        for bucket in buckets
    )  # fmt: skip
    return Chart(
        form=form,
        unit=unit,
        rows=rows,
        series=tuple(Series(name, paint[name].colour, paint[name].dash) for name in lines),
        summary=_figures_summary(buckets, lines, unit, what, width),
        x_title=width.capitalize(),
        times=bucket_times((bucket.start for bucket in buckets), width),
    )


def _totals(
    values: Mapping[tuple[str, Any], Decimal | float],
    shown: Sequence[str],
    starts: Sequence[datetime],
    unit: Unit,
    width: str,
) -> Mapping[str, str]:
    """Of each bucket, what its series add up to; nothing where there is one series, which is its own sum."""
    if len(shown) < 2:
        return {}
    return {
        bucket_name(start, width): worded(sum((values[name, start] for name in shown), start=_zero(unit)), unit)
        for start in starts
    }


def _known(value: Decimal | float | None) -> float | None:
    return None if value is None or math.isnan(value) else float(value)


def _ends(starts: Sequence[datetime]) -> Mapping[datetime, datetime]:
    """Where each bucket ends: where the next begins; the last is taken to be as long as the one before it."""
    if not starts:
        return {}
    last = starts[-1] - starts[-2] if len(starts) > 1 else timedelta(days=1)
    return dict(zip(starts, [*starts[1:], starts[-1] + last], strict=True))


def _zero(unit: Unit) -> Decimal | float:
    return Decimal(0) if unit == "usd" else 0.0


def _sums_summary(totals: Mapping[str, Decimal | float], unit: Unit, what: str, width: str, buckets: int) -> str:
    ordered = sorted(totals.items(), key=lambda pair: -pair[1])
    if not ordered:
        return f"No {what} here."
    parts = ", ".join(f"{name} {worded(value, unit)}" for name, value in ordered)
    return f"{what[:1].upper()}{what[1:]} per {width}, {buckets} in all: {parts}."


def _figures_summary(
    buckets: Sequence[At],
    lines: Mapping[str, Callable[[At], Decimal | float | None]],
    unit: Unit,
    what: str,
    width: str,
) -> str:
    said = []
    for name, figure in lines.items():
        known = [value for bucket in buckets if (value := figure(bucket)) is not None and not math.isnan(value)]
        if known:
            said.append(f"{name} from {worded(min(known), unit)} to {worded(max(known), unit)}")
    return f"{what[:1].upper()}{what[1:]} per {width}: {'; '.join(said)}." if said else f"No {what} here."

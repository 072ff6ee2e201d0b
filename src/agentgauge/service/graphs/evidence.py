"""What an alert was raised from as a chart: its metric before and in the window, what was expected, and the value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from typing import Any

from agentgauge.charts import Chart, Series, Unit
from agentgauge.events.plain import plain_time
from agentgauge.service.alert_wording import amount, band, metric_words
from agentgauge.service.evidence_course import Course, Point
from agentgauge.service.graphs.days import on_clocks
from agentgauge.service.wording import count_of
from agentgauge.state import alert_evidence
from agentgauge.state.alert_evidence import Evidence, Range
from agentgauge.state.alerts import Alert

_OBSERVED = Series("observed", "var(--series-1)")
_OTHERS = Series("as usual", "var(--series-1)")
_OUTSIDE = Series("outside", "var(--bad)")
_EXPECTED = Series("expected", "var(--good)", shade=0.18)
_FOUND = Series("in the window", "var(--bad)", (6, 3))
_UNITS: Mapping[alert_evidence.Unit, Unit] = {
    "ms": "ms", "USD": "usd", "tokens": "tokens", "operations": "count", "calls": "count", "hours": "count",
    "percent": "ratio", "1": "ratio", "0-1": "ratio", "0-100": "score",
}  # fmt: skip
_TOPS: Mapping[alert_evidence.Unit, float] = {"percent": 100.0, "1": 1.0, "0-1": 1.0, "0-100": 100.0}
_X_TITLES = {
    "windows": "Window until", "hours": "Hour", "operations": "Operation at", "events": "Hour", "used": "By",
}  # fmt: skip


def evidence_chart(alert: Alert, evidence: Evidence, course: Course, zone: tzinfo) -> Chart:
    """Times by the clocks of `zone`."""
    if course.of == "operations":
        return _operations(alert, evidence, course, zone)
    unit: alert_evidence.Unit = "operations" if course.of == "events" else evidence.unit
    rows: list[Mapping[str, Any]] = []
    shown = course.of != "events"
    if shown and evidence.expected is not None and course.points:
        rows += _band(evidence, evidence.expected, course, zone)
    rows += [_line(_at(point, course), point.value, _OBSERVED, unit, course, zone) for point in course.points]
    times = [_at(point, course) for point in course.points]
    if shown and evidence.value is not None and course.of != "used":
        ends = (evidence.window.start, evidence.window.end or course.points[-1].end) if course.points else ()
        times += ends
        rows += [_line(at, evidence.value, _FOUND, unit, course, zone) for at in ends]
    named = {row["series"] for row in rows}
    return Chart(
        form="band",
        unit=_UNITS[unit],
        rows=tuple(rows),
        series=tuple(series for series in (_OBSERVED, _FOUND, _EXPECTED) if series.name in named),
        summary=_summary(alert, evidence, course),
        x_title=_X_TITLES[course.of],
        times={_name(at, zone): plain_time(at) for at in times},
    )


def _operations(alert: Alert, evidence: Evidence, course: Course, zone: tzinfo) -> Chart:
    high = None if evidence.expected is None else evidence.expected.high
    rows = []
    for point in course.points:
        series = _OUTSIDE if high is not None and point.value > high else _OTHERS
        rows.append(
            {
                "x": on_clocks(point.start.astimezone(zone)), "y": _scaled(point.value, evidence.unit),
                "label": _name(point.start, zone), "text": amount(point.value, evidence.unit),
                "series": series.name, "colour": series.colour,
            }
        )  # fmt: skip
    return Chart(
        form="points", unit=_UNITS[evidence.unit], rows=tuple(rows), series=(_OTHERS, _OUTSIDE),
        summary=_summary(alert, evidence, course), x_title=_X_TITLES[course.of],
        times={_name(point.start, zone): plain_time(point.start) for point in course.points},
    )  # fmt: skip


def _band(evidence: Evidence, expected: Range, course: Course, zone: tzinfo) -> Iterator[Mapping[str, Any]]:
    """From the first point to the last; on a side without an end as far as the chart shows."""
    top = max([*(point.value for point in course.points), *(() if evidence.value is None else (evidence.value,))])
    low = 0.0 if expected.low is None else expected.low
    high = _TOPS.get(evidence.unit, top * 1.1) if expected.high is None else expected.high
    for at in sorted({_at(point, course) for point in course.points}):
        yield {
            "x": on_clocks(at.astimezone(zone)), "label": _name(at, zone), "y": None,
            "low": _scaled(low, evidence.unit), "high": _scaled(high, evidence.unit),
            "text": band(expected, evidence.unit), "series": _EXPECTED.name, "colour": _EXPECTED.colour, "dash": (1, 0),
        }  # fmt: skip


def _line(
    at: datetime, value: float, series: Series, unit: alert_evidence.Unit, course: Course, zone: tzinfo
) -> Mapping[str, Any]:
    text = count_of(round(value), "event") if course.of == "events" else amount(value, unit)
    return {
        "x": on_clocks(at.astimezone(zone)), "label": _name(at, zone), "y": _scaled(value, unit), "low": None,
        "high": None, "text": text, "series": series.name, "colour": series.colour, "dash": series.dash,
    }  # fmt: skip


def _at(point: Point, course: Course) -> datetime:
    """Where it is drawn: hours where they begin, what adds up over a window where that ends."""
    return point.start if course.of in ("hours", "events") else point.end


def _scaled(value: float, unit: alert_evidence.Unit) -> float:
    return value / 100 if unit == "percent" else value


def _name(at: datetime, zone: tzinfo) -> str:
    local = at.astimezone(zone)
    return f"{local.day} {local:%b %H:%M}"


def _summary(alert: Alert, evidence: Evidence, course: Course) -> str:
    if not course.points:
        return "Nothing of it is among the events any more."
    what = "Events recorded" if course.of == "events" else metric_words(alert.metric)
    low, high = min(point.value for point in course.points), max(point.value for point in course.points)
    if course.of == "events":
        return f"{what}, {count_of(len(course.points), 'hour')}: {low:,.0f} to {high:,.0f} in one."
    per = {"windows": "window", "hours": "hour", "operations": "operation", "used": "moment"}[course.of]
    value = "" if evidence.value is None else f" It was {amount(evidence.value, evidence.unit)} in the window"
    expected = "" if evidence.expected is None else f"; {band(evidence.expected, evidence.unit)} was expected"
    range_ = f"{amount(low, evidence.unit)} to {amount(high, evidence.unit)}"
    return f"{what} of {count_of(len(course.points), per)}: {range_}.{value}{expected}{'.' if value else ''}"

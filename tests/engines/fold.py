"""The same questions answered in plain Python, one event at a time: what engines are checked against.

It shares only the query itself with the engines, no formula.
"""

from __future__ import annotations

import fnmatch
import math
import operator
import re
import statistics
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

from agentgauge.engines import Filter, Measure, Query, TimeBucket
from agentgauge.events import Event
from agentgauge.summaries import Summary

Row = tuple[Any, ...]

CARRIERS = {"tokens": ("llm_call",), "money": ("llm_call", "tool_call")}


def answer(query: Query, events: Sequence[Event]) -> dict[Row, Row]:
    """Measures by group key."""
    groups: dict[Row, list[Event]] = {} if query.group else {(): []}
    for event in events:
        if selected(query, event):
            key = tuple(_key(event, key) for key in query.group)
            groups.setdefault(key, []).append(event)
    return {
        key: tuple(value for measure in query.measures for value in _measured(measure, members))
        for key, members in groups.items()
    }


def selected(query: Query, event: Event) -> bool:
    if query.start is not None and event.time < query.start:
        return False
    if query.end is not None and event.time >= query.end:
        return False
    return all(_holds(condition, event) for condition in query.filters)


def text_of(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return ("true" if value else "false") if isinstance(value, bool) else repr(value)


def value_of(event: Event, name: str) -> Any:
    if name == "work_item":
        return event.ticket or event.issue
    if name.startswith("attributes."):
        return text_of((event.attributes or {}).get(name.removeprefix("attributes.")))
    return getattr(event, name)


def _number(event: Event, name: str) -> Any:
    value = value_of(event, name)
    if not name.startswith("attributes.") or value is None:
        return value
    return float(value) if re.fullmatch(r"-?\d+(\.\d+)?", value) else None


_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "like": lambda value, pattern: _like(value, pattern),
    "glob": fnmatch.fnmatchcase,
}


def _like(value: str, pattern: str) -> bool:
    pieces = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"%": ".*", "_": "."}
    return re.fullmatch("".join(wild.get(p) or re.escape(p[-1]) for p in pieces), value, re.DOTALL) is not None


def _holds(condition: Filter, event: Event) -> bool:
    if condition.op in ("is null", "is not null"):
        return (value_of(event, condition.field) is None) == (condition.op == "is null")
    negated = condition.op == "!=" or condition.op.startswith("not ")
    positive = {"!=": "=", "in": "=", "not in": "="}.get(condition.op, condition.op.removeprefix("not "))
    return negated != any(_meets(event, condition.field, positive, operand) for operand in condition.operands)


def _meets(event: Event, field: str, op: str, operand: Any) -> bool:
    if field.startswith("attributes.") and isinstance(operand, bool):
        operand = text_of(operand)
    numeric = isinstance(operand, int | float)
    value = _number(event, field) if numeric else value_of(event, field)
    return value is not None and _COMPARE[op](value, operand)


def _key(event: Event, key: str | TimeBucket) -> Any:
    if isinstance(key, str):
        return value_of(event, key)
    local = event.time.astimezone(ZoneInfo(key.zone))
    if key.width in ("hour", "15min"):
        minute = 0 if key.width == "hour" else local.minute // 15 * 15
        return local.replace(minute=minute, second=0, microsecond=0).astimezone(UTC)
    day = local.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if key.width == "week":
        day -= timedelta(days=day.weekday())
    if key.width == "month":
        day = day.replace(day=1)
    return day.astimezone(UTC)


def _counted(measure: Measure, events: Sequence[Event]) -> list[Event]:
    over = {"tasks": ("task",), "usage": ("llm_call", "tool_call")}.get(measure.over, (measure.over,))
    kept = [event for event in events if measure.over == "all" or event.kind in over]
    if measure.statistic == "tokens" or measure.field.endswith("_tokens"):
        return [event for event in kept if event.kind in CARRIERS["tokens"]]
    if measure.statistic == "cost" or measure.field == "cost_usd":
        return [event for event in kept if event.kind in CARRIERS["money"]]
    return kept


def _measured(measure: Measure, events: Sequence[Event]) -> Row:
    counted = _counted(measure, events)
    outcomes = [event.success for event in counted if event.success is not None]
    match measure.statistic:
        case "count":
            return (len(counted),)
        case "successes":
            return (outcomes.count(True),)
        case "failures":
            return (outcomes.count(False),)
        case "success_rate":
            return (outcomes.count(True) / len(outcomes) if outcomes else None,)
        case "last_success":
            last = max((event for event in counted if event.success is not None), key=lambda e: e.time, default=None)
            return (None if last is None else last.success,)
        case "began":
            return (min((_began(event) for event in counted), default=None),)
        case "tokens":
            return (sum(event.input_tokens + event.output_tokens for event in counted),)
        case "cost":
            return _cost(counted)
        case "distinct":
            return (len({value_of(event, measure.field) for event in counted} - {None}),)
        case _:
            return (_described(measure, counted),)


def _began(event: Event) -> datetime:
    micros = math.floor(min(event.duration_ms or 0, 315_576_000_000) * 1000 + 0.5)
    return event.time - timedelta(microseconds=micros)


def _cost(events: Sequence[Event]) -> Row:
    priced = [event.cost_usd for event in events if event.cost_usd is not None]
    unpriced = sum(e.cost_usd is None and (e.kind == "llm_call" or e.cost_source == "unpriced") for e in events)
    return (None if unpriced and not priced else sum(priced, Decimal(0)), unpriced)


def _described(measure: Measure, events: Sequence[Event]) -> Any:
    numbers = [(_number(event, measure.field), event.success) for event in events]
    values = [number for number, _ in numbers if number is not None]
    if measure.statistic == "histogram":
        return Summary.of(map(float, values)).histogram
    if measure.statistic == "summary":
        return Summary.of(map(float, values), failures=sum(n is not None and won is False for n, won in numbers))
    if measure.statistic == "values":
        return len(values)
    if measure.statistic == "sum":
        return sum(values) if all(isinstance(value, int) for value in values) else math.fsum(values)
    if not values:
        return None
    match measure.statistic:
        case "min":
            return min(values)
        case "max":
            return max(values)
        case "mean":
            return statistics.fmean(values) if isinstance(values[0], float) else statistics.mean(map(Fraction, values))
        case "std_dev":
            return statistics.stdev(map(float, values)) if len(values) > 1 else 0.0
        case percentile:
            return _percentile(sorted(values), Fraction(percentile.removeprefix("p")))


def _percentile(ordered: Sequence[Any], p: Fraction) -> Fraction:
    rank = (len(ordered) - 1) * p / 100
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return Fraction(ordered[low]) + (Fraction(ordered[high]) - Fraction(ordered[low])) * (rank - low)


def utc(key: Row) -> Row:
    """A group key whose times are in UTC."""
    return tuple(value.astimezone(UTC) if isinstance(value, datetime) else value for value in key)

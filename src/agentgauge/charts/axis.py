"""The axis of a chart's figures: where its ticks are, and what they say, for each unit.

Ticks are round in the unit as people count it (15 s, 30 s, 1 m; never 1.7 min), some three to six of them, and cover
the figures. All are worded alike: $0.50 beside $1.00.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec

Unit = Literal["usd", "ms", "count", "tokens", "ratio", "score"]
"""Of the figures: dollars, milliseconds, numbers, tokens, ratios 0-1, scores 0-100."""
Form = Literal["area", "lines", "columns", "bars", "histogram", "intervals", "band", "heat", "points"]
"""One of `agentgauge.charts.definitions`."""

_MOST = 5
"""Steps on an axis."""
_SECOND, _MINUTE, _HOUR = 1_000, 60_000, 3_600_000
_OF_CLOCKS = (
    *(size * _SECOND for size in (1, 2, 5, 10, 15, 30)),
    *(size * _MINUTE for size in (1, 2, 5, 10, 15, 30)),
    *(size * _HOUR for size in (1, 2, 3, 6, 12, 24)),
)
_ROUND = (1.0, 2.0, 5.0, 10.0)
_STACKED = ("area", "columns")
_NOT_FROM_ZERO: Mapping[str, tuple[Unit, ...]] = {
    "intervals": ("usd", "ms", "count", "tokens", "ratio", "score"),
    "histogram": ("usd", "ms", "count", "tokens", "ratio", "score"),
    "lines": ("ratio", "score"),
    "band": ("ratio", "score"),
    "points": ("ratio", "score"),
}
_SMALLEST = 1e-9
"""Difference, also as a part of the figures, that an axis can show."""
_HIGHEST: Mapping[Unit, float] = {"ratio": 1.0, "score": 100.0}
_LARGE = ((1e9, "B"), (1e6, "M"), (1e3, "k"))
_ABBREVIATED_FROM = 10_000


class Axis(msgspec.Struct, frozen=True):
    ticks: tuple[float, ...]
    labels: tuple[str, ...]
    """One for each tick."""
    shown: tuple[float, float]
    """What the axis shows: from the first tick to the last, but of a histogram its classes."""


def axis_of(form: Form, unit: Unit, rows: Sequence[Mapping[str, Any]]) -> Axis:
    """The axis of the figures that rows have, as their form draws them."""
    figures = list(_figures(form, rows))
    if not figures:
        return Axis((0.0, 1.0), labels((0.0, 1.0), unit), (0.0, 1.0))
    low, high = min(figures), max(figures)
    if unit not in _NOT_FROM_ZERO.get(form, ()):
        low, high = min(low, 0.0), max(high, 0.0)
    made = _covering(low, high, unit)
    if form == "histogram":
        inside = tuple(tick for tick in made if low <= tick <= high)
        return Axis(inside, labels(inside, unit), (low, high))
    return Axis(made, labels(made, unit), (made[0], made[-1]))


def labels(ticks: Sequence[float], unit: Unit) -> tuple[str, ...]:
    """What equally distant ticks say."""
    step = ticks[1] - ticks[0] if len(ticks) > 1 else (ticks[0] if ticks else 1.0) or 1.0
    is_large = any(abs(tick) >= _ABBREVIATED_FROM for tick in ticks)
    return tuple(_label(tick, abs(step), unit, is_large) for tick in ticks)


def _figures(form: Form, rows: Sequence[Mapping[str, Any]]) -> Iterator[float]:
    if form == "heat":
        return
    if form in _STACKED:
        sums: dict[tuple[Any, bool], float] = defaultdict(float)
        for row in rows:
            if row["y"] is not None:
                sums[row["x"], row["y"] < 0] += row["y"]
        yield from sums.values()
        return
    fields = {
        "bars": ("x",), "histogram": ("x", "x2"), "intervals": ("x", "low", "high", "rule"),
        "band": ("y", "low", "high"),
    }.get(form, ("y",))  # fmt: skip
    for row in rows:
        yield from (float(row[field]) for field in fields if row.get(field) is not None)


def _covering(low: float, high: float, unit: Unit) -> tuple[float, ...]:
    if high - low < max(abs(low), abs(high)) * _SMALLEST or high - low < _SMALLEST:
        low = high = high if abs(high) >= _SMALLEST else 0.0
    if low == high and unit in _HIGHEST and 0 <= low <= _HIGHEST[unit]:
        low, high = 0.0, _HIGHEST[unit]
    elif low == high:
        low, high = (low - abs(low) / 2, high + abs(high) / 2) if low else (0.0, 1.0 if unit != "ms" else 1_000.0)
    step = _step((high - low) / _MOST, unit)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(number * step, 12) for number in range(first, last + 1))


def _step(least: float, unit: Unit) -> float:
    if unit == "ms" and least > _SECOND / 2:
        found = next((step for step in _OF_CLOCKS if step >= least), None)
        return float(found) if found else _round_step(least / (24 * _HOUR)) * 24 * _HOUR
    if unit in ("count", "tokens"):
        return max(1.0, _round_step(least))
    return _round_step(least)


def _round_step(least: float) -> float:
    power = 10.0 ** math.floor(math.log10(least))
    return next(size * power for size in _ROUND if size * power >= least * (1 - 1e-9))


def _label(value: float, step: float, unit: Unit, is_large: bool) -> str:
    sign, size = ("-" if value < 0 else ""), abs(value)
    match unit:
        case "usd":
            return f"{sign}${_money(size, step, is_large)}" if size else "$0"
        case "ms":
            return f"{sign}{_duration(size, step)}"
        case "ratio":
            return f"{sign}{size * 100:.{_decimals(step * 100)}f} %"
        case "score":
            return f"{sign}{size:.{_decimals(step)}f}"
        case _:
            return f"{sign}{_number(size, step, is_large)}"


def _money(size: float, step: float, is_large: bool) -> str:
    decimals = _decimals(step)
    return _number(size, step, is_large) if not decimals else f"{size:,.{max(2, decimals)}f}"


def _number(size: float, step: float, is_large: bool) -> str:
    if not size or not is_large:
        return f"{size:,.{_decimals(step)}f}"
    scale, sign = next(((scale, sign) for scale, sign in _LARGE if size >= scale), (1.0, ""))
    return f"{size / scale:,.{_decimals(step / scale)}f}{sign}"


def _duration(ms: float, step: float) -> str:
    if not ms:
        return "0"
    if ms < _SECOND:
        return f"{ms:.{_decimals(step)}f} ms"
    if ms < _MINUTE:
        return f"{ms / _SECOND:.{_decimals(step / _SECOND)}f} s"
    if ms < _HOUR:
        minutes, seconds = divmod(round(ms / _SECOND), 60)
        return f"{minutes} m" + (f" {seconds:02d} s" if seconds else "")
    hours, minutes = divmod(round(ms / _MINUTE), 60)
    return f"{hours:,} h" + (f" {minutes:02d} m" if minutes else "")


def _decimals(step: float) -> int:
    """How many it takes to tell ticks apart that are so far from each other: one digit is enough of 1, 2 and 5."""
    return max(0, -math.floor(math.log10(step) + 1e-9))

"""What an alert was raised from, in words: for pages and the command line."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from agentgauge.service.wording import count_of, number, percent, window
from agentgauge.state.alert_evidence import Comparison, Evidence, Range, Span, Unit

_WORDS: Mapping[Unit, str] = {"0-100": "of 100", "0-1": "of 1"}
_COUNTED: Mapping[Unit, str] = {"tokens": "token", "operations": "operation", "calls": "call", "hours": "hour"}


def in_unit(value: float, unit: Unit) -> str:
    """`28.1 ms`, `$0.43`, `33.3 %`, `1 call`, `0.333 of 1`."""
    if unit in ("percent", "1"):
        return percent(value / 100 if unit == "percent" else value)
    if unit in ("ms", "USD"):
        return number(value, unit)
    noun = _COUNTED.get(unit)
    if noun is not None:
        return f"{number(value, unit)} {noun if value == 1 else f'{noun}s'}"
    return f"{number(value, unit)} {_WORDS[unit]}"


def range_words(found: Range, unit: Unit) -> str:
    """`up to 20.0 %`, `at least 0.5 of 1`, `98 ms to 131 ms`."""
    if found.low is None:
        return "anything" if found.high is None else f"up to {in_unit(found.high, unit)}"
    if found.high is None:
        return f"at least {in_unit(found.low, unit)}"
    return f"{in_unit(found.low, unit)} to {in_unit(found.high, unit)}"


def baseline_words(compared: Comparison, zone: tzinfo) -> str:
    """`28 windows, 2026-10-21 08:00 to 2026-11-18 12:00`."""
    return f"{count_of(compared.count, compared.of[:-1])}, {window(compared.start, compared.end, zone)}"


def window_words(span: Span, zone: tzinfo) -> str:
    """`2026-11-18 11:00 to 2026-11-18 12:00`, `since 2026-11-01 00:00`."""
    return window(span.start, span.end, zone)


def conditions(evidence: Evidence) -> tuple[str, ...]:
    """The filters of the rows behind it, as a person writes them: `agent=coder`; `project=` is of no project."""
    return tuple(f"{name}={'' if value is None else value}" for name, value in evidence.filters.items())

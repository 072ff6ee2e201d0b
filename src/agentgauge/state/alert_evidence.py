"""What an alert was raised from: a window, what it was compared with, what was expected, and which rows are behind it.

A rule fills in what it has used, and leaves None where it has none. It is kept as JSON with the alert, as of the last
evaluation that found it, and with each of its steps, as of then.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

Unit = Literal["ms", "USD", "tokens", "operations", "calls", "hours", "percent", "1", "0-1", "0-100"]
"""`percent` is of 100, `1` a ratio of 0 to 1, `0-1` and `0-100` are scores."""


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """A window of time: `start` belongs to it, `end` does not."""

    start: datetime
    end: datetime | None
    """None: it goes on, up to the moment when it was looked at."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """What the window was compared with."""

    start: datetime
    end: datetime
    count: int
    """How many there are in it."""
    of: Literal["hours", "windows", "weeks", "operations"]


class Range(msgspec.Struct, frozen=True, kw_only=True):
    """None: on that side it has no end."""

    low: float | None = None
    high: float | None = None


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    window: Span
    value: float | None
    """What was observed; None where it has no figure, as a mean of nothing."""
    unit: Unit
    """Of the value and of both ranges."""
    samples: int | None = None
    """How many operations, calls, scores or events of the window were looked at; None where nobody counted."""
    expected: Range | None = None
    """What the rule lets pass: by the past where it has learnt from that, else up to its threshold."""
    interval: Range | None = None
    """Where the true value is with 95 %, by which a rule judges shares and scores."""
    baseline: Comparison | None = None
    """None of a rule that compares with a threshold alone."""
    filters: Mapping[str, str | None] = {}
    """Columns of events and the values that the rows behind it have; None: no value."""
    budget_id: int | None = None
    budget: str | None = None
    """`agent:coder`."""

"""What an alert was raised from, as the answers about alerts write it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from agentgauge.api.metrics.figures import Number, Part
from agentgauge.state.alert_evidence import Comparison, Evidence, Range, Span, Unit


class EvidenceWindow(Part):
    """A window of time; `end` does not belong to it."""

    start: datetime
    end: datetime | None = Field(description="null: it goes on.")


class EvidenceRange(Part):
    """null: on that side it has no end."""

    low: Number
    high: Number


class EvidenceBaseline(Part):
    """What the window was compared with."""

    start: datetime
    end: datetime
    count: int = Field(description="How many there are in it.")
    of: Literal["hours", "windows", "weeks", "operations"]


class EvidenceRow(Part):
    """What a rule has used; null of what it has none of."""

    window: EvidenceWindow
    value: Number = Field(description="What was observed, in `unit`.")
    unit: Unit = Field(description="`percent` is of 100, `1` a ratio of 0 to 1, `0-1` and `0-100` are scores.")
    samples: int | None = Field(description="Operations, calls, scores or events of the window that were looked at.")
    expected: EvidenceRange | None = Field(
        description="What the rule lets pass: by the past where it has learnt from that, else up to its threshold."
    )
    interval: EvidenceRange | None = Field(description="95 % interval of the value, where a rule judges by it.")
    baseline: EvidenceBaseline | None = Field(description="null of a rule that compares with a threshold alone.")
    filters: dict[str, str | None] = Field(
        description="Columns of events and the values that the rows behind it have; null: no value."
    )
    budget_id: int | None
    budget: str | None = Field(description="Scope and name, as `agent:coder`.")


def evidence_row(found: Evidence | None) -> EvidenceRow | None:
    if found is None:
        return None
    return EvidenceRow(
        window=_window(found.window),
        value=found.value,
        unit=found.unit,
        samples=found.samples,
        expected=_range(found.expected),
        interval=_range(found.interval),
        baseline=_baseline(found.baseline),
        filters=dict(found.filters),
        budget_id=found.budget_id,
        budget=found.budget,
    )


def _window(span: Span) -> EvidenceWindow:
    return EvidenceWindow(start=span.start, end=span.end)


def _range(found: Range | None) -> EvidenceRange | None:
    return None if found is None else EvidenceRange(low=found.low, high=found.high)


def _baseline(found: Comparison | None) -> EvidenceBaseline | None:
    if found is None:
        return None
    return EvidenceBaseline(start=found.start, end=found.end, count=found.count, of=found.of)

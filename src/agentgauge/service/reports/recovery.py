"""What went wrong, and whether and how fast it was made good again.

Errors say of themselves whether recovery was tried and succeeded. How long it takes is what debugging cycles took, each
of which is one round of finding and mending errors; those that ended well are the ones whose time counts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.answer import Way
from agentgauge.events.fields import SEVERITIES
from agentgauge.service.reports.intervals import Share, share_of
from agentgauge.service.reports.rows import found_by
from agentgauge.service.reports.totals import FEW, or_nan
from agentgauge.service.window import Window


class ErrorGroup(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    severities: tuple[str, ...]
    """The worst first; of a severity it itself."""
    count: int
    recovered: Share
    """Of the errors whose recovery was tried."""
    last: datetime


class Cycles(msgspec.Struct, frozen=True, kw_only=True):
    """Debugging cycles."""

    count: int
    resolved: Share
    """Of those that say how they ended."""
    median_ms: float
    """Of the resolved ones, likewise p95."""
    p95_ms: float
    timed: int
    """Resolved ones that have a duration."""

    @property
    def few(self) -> bool:
        return self.timed < FEW


class Recovery(msgspec.Struct, frozen=True, kw_only=True):
    errors: int
    recovered: Share
    by_type: tuple[ErrorGroup, ...]
    """The most first."""
    by_severity: tuple[ErrorGroup, ...]
    """The worst first."""
    by_category: tuple[ErrorGroup, ...]
    """The most first; errors without a category are in none."""
    cycles: Cycles
    way: Way
    exact: bool
    missing_before: datetime | None


def recovery(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> Recovery:
    answer = engine.aggregate(
        Query(
            start=window.start,
            end=window.end,
            filters=(Filter("kind", "=", "error"), *filters),
            group=("error_type", "severity", "error_category", "recovery"),
            measures=(Measure("count", name="count"), Measure("max", "time", name="last")),
        )
    )
    rows = answer.records()
    by_type = _groups(rows, lambda row: row["error_type"])
    by_severity = _groups(rows, lambda row: row["severity"] or "unknown")
    by_category = _groups([row for row in rows if row["error_category"]], lambda row: row["error_category"])
    return Recovery(
        errors=sum(row["count"] for row in rows),
        recovered=_recovered(rows),
        by_type=by_type,
        by_severity=tuple(sorted(by_severity, key=lambda group: _rank(group.name))),
        by_category=by_category,
        cycles=_cycles(engine, window, filters),
        **found_by(answer),
    )


def _groups(rows: Sequence[dict[str, Any]], key: Callable[[dict[str, Any]], str]) -> tuple[ErrorGroup, ...]:
    of_key: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        of_key[key(row)].append(row)
    groups = (
        ErrorGroup(
            name=name,
            severities=tuple(sorted({row["severity"] for row in own if row["severity"]}, key=_rank)),
            count=sum(row["count"] for row in own),
            recovered=_recovered(own),
            last=max(row["last"] for row in own),
        )
        for name, own in of_key.items()
    )
    return tuple(sorted(groups, key=lambda group: (-group.count, group.name)))


def _recovered(rows: Sequence[dict[str, Any]]) -> Share:
    tried = {state: sum(row["count"] for row in rows if row["recovery"] == state) for state in ("succeeded", "failed")}
    return share_of(tried["succeeded"], sum(tried.values()))


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)


def _cycles(engine: Engine, window: Window, filters: Sequence[Filter]) -> Cycles:
    def asked(*more: Filter) -> dict[str, Any]:
        query = Query(
            start=window.start,
            end=window.end,
            filters=(Filter("kind", "=", "debugging_cycle"), *filters, *more),
            measures=(
                Measure("count", name="count"),
                Measure("successes", name="successes"),
                Measure("failures", name="failures"),
                Measure("p50", "duration_ms", name="median"),
                Measure("p95", "duration_ms", name="p95"),
                Measure("values", "duration_ms", name="timed"),
            ),
        )
        return engine.aggregate(query).records()[0]

    every, resolved = asked(), asked(Filter("success", "=", True))
    return Cycles(
        count=every["count"],
        resolved=share_of(every["successes"], every["successes"] + every["failures"]),
        median_ms=or_nan(resolved["median"]),
        p95_ms=or_nan(resolved["p95"]),
        timed=resolved["timed"],
    )

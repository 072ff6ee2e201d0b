"""What differs between a window and the one before it, and whether more than chance does.

A figure is of a whole window. Whether it changed is tested over the buckets of time that lie wholly in one of the two
(`agentgauge.analysis.comparison`: a permutation test of sums per bucket and of percentiles per bucket, a test of ratios
of shares), adjusted for the number of figures (Holm). A bucket is taken to be independent of the next one, which a slow
drift is not: a trend over days says more about that.

Costs one question for the course of both windows and one for each window, and some 50 ms per figure.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Literal

import msgspec

from agentgauge.analysis.comparison import Kind, Observation, Verdict, compare_arms
from agentgauge.analysis.multiplicity import holm
from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.errors import QueryError
from agentgauge.service.reports.over_time import Slot, vitals_over_time
from agentgauge.service.reports.totals import Vitals
from agentgauge.service.reports.vitals import vitals
from agentgauge.service.window import Window

ALPHA = 0.05
FigureName = Literal["cost", "tasks", "success_rate", "p95_duration"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    name: FigureName
    unit: str
    """USD, 1 (a ratio), ms or count."""
    before: Decimal | float | None
    """NaN or None where it is not known."""
    after: Decimal | float | None
    relative: float
    """Of after to before, less 1; NaN where there is none."""
    verdict: Verdict
    """Of after. Of a number of tasks, which is neither good nor bad, `better` is more."""
    is_shown: bool
    """Whether the difference is told from chance."""
    p_adjusted: float
    n_before: int
    """Buckets that were compared."""
    n_after: int


class Changes(msgspec.Struct, frozen=True, kw_only=True):
    window: Window
    against: Window
    width: str
    before: Vitals
    after: Vitals
    course: tuple[Slot[Vitals], ...]
    """Of the window, cut ones included."""
    recorded_since: datetime | None
    """Where recording began after the start of the earlier window: the two cannot be compared."""
    changes: tuple[Change, ...]


class _Figure(msgspec.Struct, frozen=True):
    name: FigureName
    unit: str
    kind: Kind
    lower_is_better: bool
    of: Callable[[Vitals], Decimal | float | None]
    observed: Callable[[Vitals], tuple[float, float] | None]
    """Of a bucket: the value and its weight; None where it has none."""


_FIGURES = (
    _Figure("cost", "USD", "number", True, lambda of: of.cost_usd, lambda of: _known(of.cost_usd)),
    _Figure("tasks", "count", "number", False, lambda of: float(of.tasks), lambda of: (float(of.tasks), 1.0)),
    _Figure("success_rate", "1", "ratio", False, lambda of: of.success_rate, lambda of: _successes(of)),
    _Figure("p95_duration", "ms", "number", True, lambda of: of.shown_p95_ms, lambda of: _known(of.shown_p95_ms)),
)


def changes(
    engine: Engine,
    window: Window,
    against: Window,
    *,
    width: str,
    zone: str,
    now: datetime,
    filters: Sequence[Filter] = (),
) -> Changes:
    """Of `window` against the earlier `against`, whose end is not after its start. Cost compares priced calls.

    Raises `QueryError` for windows without a start.
    """
    if window.start is None or against.start is None:
        raise QueryError("windows that are compared have a start")
    first = engine.aggregate(Query(measures=(Measure("min", "time", name="first"),))).rows[0][0]
    before, after = vitals(engine, against, filters), vitals(engine, window, filters)
    course = vitals_over_time(engine, Window(against.start, window.end), width, zone, now, filters).rows
    ends = [*(bucket.start for bucket in course[1:]), None]
    earlier = [
        bucket
        for bucket, end in zip(course, ends, strict=True)
        if bucket.complete and end is not None and end <= (against.end or window.start)
    ]
    later = [bucket for bucket in course if bucket.start >= window.start]
    complete = [bucket for bucket in later if bucket.complete]
    tested = [_tested(figure, earlier, complete) for figure in _FIGURES]
    adjusted = holm([p for p, _, _ in tested])
    return Changes(
        window=window,
        against=against,
        width=width,
        before=before,
        after=after,
        course=tuple(later),
        recorded_since=first if first is not None and first > against.start else None,
        changes=tuple(
            _change(figure, figure.of(before), figure.of(after), p, test)
            for figure, p, test in zip(_FIGURES, adjusted, tested, strict=True)
        ),
    )


def _tested(
    figure: _Figure, before: Sequence[Slot[Vitals]], after: Sequence[Slot[Vitals]]
) -> tuple[float, Verdict, tuple[int, int]]:
    """The p-value, NaN of too few buckets, the verdict that it would bear out, and how many buckets were compared."""
    arms = {"after": _observations(figure, after), "before": _observations(figure, before)}
    counts = len(arms["before"]), len(arms["after"])
    if min(counts) < 2:
        return math.nan, "no difference shown", counts
    found = compare_arms(
        arms, metric=figure.name, unit="bucket", kind=figure.kind, lower_is_better=figure.lower_is_better
    ).pairs[0]
    if math.isnan(found.p_value) or not found.difference:
        return found.p_value, "no difference shown", counts
    is_better = (found.difference < 0) == figure.lower_is_better
    return found.p_value, "better" if is_better else "worse", counts


def _observations(figure: _Figure, buckets: Sequence[Slot[Vitals]]) -> list[Observation]:
    return [
        Observation(bucket.label, *observed)
        for bucket in buckets
        if (observed := figure.observed(bucket.of)) is not None
    ]


def _change(
    figure: _Figure,
    before: Decimal | float | None,
    after: Decimal | float | None,
    p: float,
    test: tuple[float, Verdict, tuple[int, int]],
) -> Change:
    known = before is not None and after is not None and before
    relative = float(after) / float(before) - 1 if known else math.nan  # type: ignore[arg-type] # known says so
    # Of means of buckets: the windows as wholes, which are shown, may differ the other way, or not be known.
    is_borne_out = (test[1] == "better") == ((relative < 0) == figure.lower_is_better)
    shown = p <= ALPHA and test[1] != "no difference shown" and (is_borne_out or not known)
    return Change(
        name=figure.name,
        unit=figure.unit,
        before=before,
        after=after,
        relative=relative,
        verdict=test[1] if shown else "no difference shown",
        is_shown=shown,
        p_adjusted=p,
        n_before=test[2][0],
        n_after=test[2][1],
    )


def _successes(of: Vitals) -> tuple[float, float] | None:
    with_outcome = of.successful_tasks + of.failed_tasks
    return (float(of.successful_tasks), float(with_outcome)) if with_outcome else None


def _known(value: Decimal | float | None) -> tuple[float, float] | None:
    return None if value is None or math.isnan(value) else (float(value), 1.0)

"""Whether a change worked: the figures of the time after it against those of as long before it, each tested.

    shares     Fisher's exact test with mid-p and the interval of Agresti and Caffo, of all operations
    numbers    the studentised permutation test and the interval that agrees with it (`agentgauge.analysis.pairs`), of
               the values nearest to the change, 5,000 on either side at most

p-values are adjusted for the number of metrics (Holm). Operations are taken to be independent of each other, and
nothing else to have changed: a comparison of arms on the same work says more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from agentgauge.analysis.metrics import Metric
from agentgauge.analysis.multiplicity import holm
from agentgauge.analysis.pairs import Contrast, Observation, contrast
from agentgauge.analysis.proportions import agresti_caffo, cohen_h, fisher_mid_p
from agentgauge.engines import Engine, Filter, Measure, Page, Query
from agentgauge.errors import QueryError
from agentgauge.service.readings.series import metric_in
from agentgauge.service.reports.totals import ratio
from agentgauge.service.window import Window

METRICS = ("success_rate", "quality_score", "satisfaction", "execution_time", "cost", "tool_failures")
MOST_VALUES = 5_000
"""Of a metric of numbers on either side: the permutation test of more takes a second."""
_CONFIDENCE, _ALPHA = 0.95, 0.05
_EXCHANGES = 2_000

Verdict = Literal["better", "worse", "no change shown", "nothing to compare"]


class BeforeAfter(msgspec.Struct, frozen=True, kw_only=True):
    metric: str
    unit: str
    lower_is_better: bool
    n_before: int
    n_after: int
    before: float
    """Share or mean; NaN of nothing."""
    after: float
    difference: float
    """After less before; NaN, as its limits, where there is nothing on one side."""
    low: float
    high: float
    p_value: float
    p_adjusted: float
    verdict: Verdict
    needed: int | None
    """Operations more on either side by which a difference of this size would be shown in 8 of 10 cases; 0 where it is
    shown, None where that is not known."""
    of_nearest: bool
    """Whether there are more values than were looked at."""


class Check(msgspec.Struct, frozen=True, kw_only=True):
    change: datetime
    before: Window
    after: Window
    tests: int
    metrics: tuple[BeforeAfter, ...]


def before_after(
    engine: Engine,
    change: datetime,
    now: datetime,
    filters: Sequence[Filter] = (),
    *,
    longest: timedelta = timedelta(days=30),
    metrics: Sequence[str] = METRICS,
) -> Check:
    """The time from `change` to `now`, at most `longest`, against as long before. Raises `QueryError` for a change
    that is not before now.
    """
    if change >= now:
        raise QueryError(f"the change at {change.isoformat()} is not before now: there is nothing after it yet")
    length = min(now - change, longest)
    before, after = Window(change - length, change), Window(change, change + length)
    compared = [_compared(engine, metric_in(engine, name), before, after, filters) for name in metrics]
    adjusted = holm([found.p_value for found in compared])
    return Check(
        change=change,
        before=before,
        after=after,
        tests=sum(not math.isnan(p) for p in adjusted),
        metrics=tuple(_judged(found, p) for found, p in zip(compared, adjusted, strict=True)),
    )


class _Compared(msgspec.Struct, frozen=True):
    metric: Metric
    found: Contrast
    of_nearest: bool = False

    @property
    def p_value(self) -> float:
        return self.found.p_value


def _compared(engine: Engine, metric: Metric, before: Window, after: Window, filters: Sequence[Filter]) -> _Compared:
    if metric.share is not None:
        return _Compared(metric, _shares(engine, metric, before, after, filters))
    was = _values(engine, metric, before, filters, newest_first=True)
    is_ = _values(engine, metric, after, filters, newest_first=False)
    found = contrast(_observed(is_), _observed(was), "number", False, _CONFIDENCE, _EXCHANGES)
    return _Compared(metric, found, max(len(was), len(is_)) > MOST_VALUES)


def _shares(engine: Engine, metric: Metric, before: Window, after: Window, filters: Sequence[Filter]) -> Contrast:
    (b, n_b), (a, n_a) = (_counted(engine, metric, window, filters) for window in (before, after))
    low, high = agresti_caffo(a, n_a, b, n_b, _CONFIDENCE)
    was, is_ = ratio(b, n_b), ratio(a, n_a)
    both = bool(n_a and n_b)
    return Contrast(
        difference=is_ - was, ci_low=low, ci_high=high, effect_size=cohen_h(is_, was) if both else math.nan,
        p_value=fisher_mid_p(a, n_a, b, n_b), method="Fisher mid-p; Agresti-Caffo", direction=is_ - was,
        n_a=n_a, n_b=n_b, shared=0, mean_a=is_, mean_b=was, size=cohen_h(is_, was) if both else math.nan,
        variance_a=1.0, variance_b=1.0, paired=False, mid_p=True,
    )  # fmt: skip


def _counted(engine: Engine, metric: Metric, window: Window, filters: Sequence[Filter]) -> tuple[int, int]:
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*metric.events, *filters),
        measures=(Measure("successes", name="successes"), Measure("failures", name="failures")),
    )
    successes, failures = engine.aggregate(query).rows[0]
    return (successes if metric.share == "success" else failures), successes + failures


def _values(
    engine: Engine, metric: Metric, window: Window, filters: Sequence[Filter], *, newest_first: bool
) -> list[float]:
    """One more than are looked at, where there are as many."""
    query = Query(
        start=window.start,
        end=window.end,
        filters=(*metric.conditions, *filters),
        relation=metric.relation,
        page=Page(newest_first=newest_first),
    )
    return [float(row[0]) for row in engine.scan(query, (metric.field,), MOST_VALUES + 1)]


def _observed(values: Sequence[float]) -> list[Observation]:
    return [Observation(str(at), value) for at, value in enumerate(values[:MOST_VALUES])]


def _judged(compared: _Compared, p: float) -> BeforeAfter:
    metric, found = compared.metric, compared.found
    shown = p <= _ALPHA and found.direction != 0
    verdict: Verdict = "no change shown"
    if math.isnan(p):
        verdict = "nothing to compare"
    elif shown:
        verdict = "better" if (found.direction < 0) == metric.lower_is_better else "worse"
    return BeforeAfter(
        metric=metric.name, unit=metric.unit, lower_is_better=metric.lower_is_better, n_before=found.n_b,
        n_after=found.n_a, before=found.mean_b, after=found.mean_a, difference=found.difference, low=found.ci_low,
        high=found.ci_high, p_value=found.p_value, p_adjusted=p, verdict=verdict,
        needed=0 if shown else None if math.isnan(p) else found.needed(_ALPHA), of_nearest=compared.of_nearest,
    )  # fmt: skip

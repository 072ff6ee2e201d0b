"""What several runs come to together.

    success rate            resolved issues / issues with an outcome, over all runs alike
    cost per run            mean over the runs whose cost is known
    cost per resolved       all that was spent, failed work included / resolved issues
    cost per green          the same / pipelines that succeeded
    seconds per resolved    all seconds worked on issues with an outcome / resolved issues
    quality                 mean of the scores of agents' executions

A cost is not known where a call has no price, or an outcome was reached without any call on record. Where that is so of
one run, cost per resolved issue and per green pipeline are not known of all: what is left would be too cheap.

Intervals take issues or runs for what varies (see `agentgauge.runs.analysis.units`). Those of money, time and quality
are NaN of fewer than ten: of five runs whose costs are lognormal with a sigma of 1, limits of 95 % hold the mean in
83 % to 89 % of cases, whichever of the methods is asked.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal

import msgspec

from agentgauge.runs.analysis import units
from agentgauge.runs.analysis.records import RunRecord

CONFIDENCE = 0.95
FEW_ISSUES = 10
"""Issues with an outcome below which figures are marked: one more would move the success rate by 9 points or more."""


class Range(msgspec.Struct, frozen=True):
    """A figure and the limits of its interval; NaN where it is not known, infinite where nothing was achieved."""

    value: float
    low: float = math.nan
    high: float = math.nan

    def scaled(self, factor: float) -> Range:
        return Range(self.value * factor, self.low * factor, self.high * factor)


UNKNOWN = Range(math.nan)


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    runs: int
    processed: int
    """Issues with an outcome."""
    resolved: int
    undecided: int
    """Issues without one: open, or skipped."""
    success_rate: Range
    """Ratio."""
    priced_usd: Decimal
    """What is known to have been spent."""
    unpriced_calls: int
    runs_without_cost: int
    """Runs whose cost is not known."""
    cost_per_run: Range
    cost_per_resolved: Range
    cost_per_green: Range
    seconds_per_run: float
    """Mean over the runs that have ended."""
    seconds_per_resolved: Range
    tokens: int
    quality: Range
    pipelines: int
    green_pipelines: int
    debugging_cycles: int
    errors: int

    @property
    def is_sparse(self) -> bool:
        """So few issues that figures say little."""
        return self.processed < FEW_ISSUES


def figures_of(runs: Sequence[RunRecord]) -> Figures:
    ended = [run.seconds for run in runs if not math.isnan(run.seconds)]
    processed, resolved = sum(run.processed for run in runs), sum(run.resolved for run in runs)
    pipelines, green = sum(run.pipelines for run in runs), sum(run.green_pipelines for run in runs)
    without = sum(1 for run in runs if _lacks_cost(run))
    spent = sum((run.priced_usd for run in runs), Decimal(0))
    is_known = bool(runs) and not without and any(run.cost_usd is not None for run in runs)
    return Figures(
        runs=len(runs),
        processed=processed,
        resolved=resolved,
        undecided=sum(len(run.issues) for run in runs) - processed,
        success_rate=_range(units.success(), runs) if processed else UNKNOWN,
        priced_usd=spent,
        unpriced_calls=sum(run.unpriced_calls for run in runs),
        runs_without_cost=without,
        cost_per_run=_range(units.cost_per_run(), runs) if any(run.cost_usd is not None for run in runs) else UNKNOWN,
        cost_per_resolved=(
            _per(units.cost_per_resolved(units.unit_of_cost([runs])), runs, float(spent), resolved)
            if is_known and processed
            else UNKNOWN
        ),
        cost_per_green=(
            _per(units.cost_per_green_pipeline(), runs, float(spent), green) if is_known and pipelines else UNKNOWN
        ),
        seconds_per_run=math.fsum(ended) / len(ended) if ended else math.nan,
        seconds_per_resolved=_seconds_per_resolved(runs),
        tokens=sum(run.tokens for run in runs),
        quality=_quality(runs),
        pipelines=pipelines,
        green_pipelines=green,
        debugging_cycles=sum(run.debugging_cycles for run in runs),
        errors=sum(run.errors for run in runs),
    )


def _lacks_cost(run: RunRecord) -> bool:
    """A run that did nothing has nothing to cost."""
    return run.cost_usd is None and (run.unpriced_calls > 0 or run.processed > 0)


def _seconds_per_resolved(runs: Sequence[RunRecord]) -> Range:
    worked = [issue for run in runs for issue in run.issues if issue.success is not None]
    if not worked or any(math.isnan(issue.seconds) for issue in worked):
        return UNKNOWN
    spent, resolved = math.fsum(issue.seconds for issue in worked), sum(1 for issue in worked if issue.success)
    return _per(units.seconds_per_resolved(), runs, spent, resolved)


def _quality(runs: Sequence[RunRecord]) -> Range:
    count = sum(run.quality_count for run in runs)
    if not count:
        return UNKNOWN
    arm = units.level(units.quality(units.unit_of_quality([runs])), runs, CONFIDENCE)
    return Range(math.fsum(run.quality_sum for run in runs) / count, arm.ci_low, arm.ci_high)


def _per(what: units.Measured, runs: Sequence[RunRecord], spent: float, achieved: int) -> Range:
    if not achieved:
        return Range(math.inf)
    arm = units.level(what, runs, CONFIDENCE)
    return Range(spent / achieved, arm.ci_low, arm.ci_high)


def _range(what: units.Measured, runs: Sequence[RunRecord]) -> Range:
    arm = units.level(what, runs, CONFIDENCE)
    return Range(arm.mean, arm.ci_low, arm.ci_high)

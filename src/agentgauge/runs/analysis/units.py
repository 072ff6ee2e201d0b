"""Runs as observations of `agentgauge.analysis.comparison`: one per unit of work, whatever was done on it.

The unit is the issue: attempts at one issue, in one run or several, depend on how hard it is, issues do not depend on
each other. Money that was spent on no issue belongs to its run, so where there is any, costs go by run.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import combinations
from typing import Literal

import msgspec

from agentgauge.analysis.bootstrap import FEWEST
from agentgauge.analysis.comparison import Arm, Comparison, Kind, Observation, compare_arms
from agentgauge.analysis.proportions import wilson
from agentgauge.runs.analysis.records import IssueRecord, RunRecord

Unit = Literal["issue", "run"]
Runs = Sequence[RunRecord]
_ROUNDING = Decimal("1e-9")
"""Relative difference up to which two sums of money are one: files hold floats."""
_SHARED = 0.5
"""Share of the issues of the smaller of two arms that both have, from which they are compared issue by issue."""


class Measured(msgspec.Struct, frozen=True):
    """What is compared between arms, and how its observations are made of an arm's runs."""

    name: str
    lower_is_better: bool
    kind: Kind
    unit: Unit
    observe: Callable[[Runs], list[Observation]]
    most: float = math.inf
    """The greatest figure there can be; the least is 0."""


def success() -> Measured:
    """Share of the issues with an outcome that were resolved."""
    return Measured(
        "success",
        lower_is_better=False,
        kind="ratio",
        unit="issue",
        observe=lambda runs: _by_issue(runs, lambda issue: (float(bool(issue.success)), 1.0)),
        most=1.0,
    )


def seconds_per_resolved() -> Measured:
    """Seconds worked on issues with an outcome, those of failed ones included, per issue resolved."""
    return Measured(
        "time",
        lower_is_better=True,
        kind="ratio",
        unit="issue",
        observe=lambda runs: _by_issue(
            runs, lambda issue: None if math.isnan(issue.seconds) else (issue.seconds, float(bool(issue.success)))
        ),
    )


def cost_per_resolved(unit: Unit) -> Measured:
    """US dollars spent, on failed work too, per issue resolved."""
    by_run = unit == "run"
    return Measured(
        "cost",
        lower_is_better=True,
        kind="ratio",
        unit=unit,
        observe=lambda runs: (
            [_of_run(run, float(run.resolved)) for run in runs] if by_run else _by_issue(runs, _issue_cost)
        ),
    )


def cost_per_green_pipeline() -> Measured:
    return Measured(
        "cost per green pipeline",
        lower_is_better=True,
        kind="ratio",
        unit="run",
        observe=lambda runs: [_of_run(run, float(run.green_pipelines)) for run in runs],
    )


def cost_per_run() -> Measured:
    """US dollars of the runs whose cost is known."""
    return Measured(
        "cost per run",
        lower_is_better=True,
        kind="number",
        unit="run",
        observe=lambda runs: [_of_run(run, 1.0) for run in runs if run.cost_usd is not None],
    )


def quality(unit: Unit) -> Measured:
    """Mean quality score of agents' executions."""
    by_run = unit == "run"
    return Measured(
        "quality",
        lower_is_better=False,
        kind="ratio",
        unit=unit,
        observe=lambda runs: (
            [_scores_of_run(run) for run in runs if run.quality_count]
            if by_run
            else _by_issue(runs, _scores, with_open=True)
        ),
        most=100.0,
    )


def unit_of_cost(arms: Iterable[Runs]) -> Unit:
    """Issues, where all money was spent on issues."""
    return "issue" if all(_is_spent_on_issues(run) for runs in arms for run in runs) else "run"


def unit_of_quality(arms: Iterable[Runs]) -> Unit:
    """Issues, where all scores are of work on issues."""
    return (
        "issue"
        if all(sum(issue.quality_count for issue in run.issues) == run.quality_count for runs in arms for run in runs)
        else "run"
    )


def measured(component: str, arms: Iterable[Runs]) -> Measured:
    """What a component of the score is compared by, in arms of which it is known."""
    if component == "cost":
        return cost_per_resolved(unit_of_cost(arms))
    if component == "quality":
        return quality(unit_of_quality(arms))
    return success() if component == "success" else seconds_per_resolved()


def level(what: Measured, runs: Runs, confidence: float) -> Arm:
    """The figure of one arm, with its interval."""
    return compare({"": runs}, what, confidence).arms[0]


def compare(arms: Mapping[str, Runs], what: Measured, confidence: float) -> Comparison:
    """The arms and each pair of them; issue by issue where each two have at least half of their issues in common."""
    observed = {name: what.observe(runs) for name, runs in arms.items()}
    kind = what.kind
    if what.name == "success" and all(one.weight == 1 for found in observed.values() for one in found):
        kind = "binary"  # each issue was tried once, and exact tests hold
    found = compare_arms(
        observed,
        metric=what.name,
        unit=what.unit,
        kind=kind,
        lower_is_better=what.lower_is_better,
        paired=what.unit == "issue" and _share_issues(list(observed.values())),
        confidence=confidence,
    )
    arms_within = [_within(arm, observed[arm.name], what, kind, confidence) for arm in found.arms]
    pairs_within = [
        msgspec.structs.replace(pair, ci_low=max(pair.ci_low, -what.most), ci_high=min(pair.ci_high, what.most))
        for pair in found.pairs
    ]
    return msgspec.structs.replace(found, arms=tuple(arms_within), pairs=tuple(pairs_within))


def _within(arm: Arm, observed: Sequence[Observation], what: Measured, kind: Kind, confidence: float) -> Arm:
    """An arm with limits that its figure can have: no share above 1, no money below 0, and no limits of money, time or
    quality of so few units that they would be too narrow.
    """
    low, high = arm.ci_low, arm.ci_high
    if what.name == "success":
        low, high = (low, high) if kind == "binary" else _share_limits(observed, confidence)
    elif arm.n < FEWEST:
        low = high = math.nan
    return msgspec.structs.replace(arm, ci_low=max(low, 0.0), ci_high=min(high, what.most))


def _share_limits(observed: Sequence[Observation], confidence: float) -> tuple[float, float]:
    """Limits of a share of attempts, several of them at one issue.

    Wilson's, of as many independent attempts as vary by as much as these, with Student's quantile for the number of
    issues (Korn and Graubard, "Confidence intervals for proportions with small expected number of positive counts
    estimated from survey data", Survey Methodology 24, 1998). Where all or none succeeded, an issue counts as one.
    """
    from scipy.special import ndtri, stdtrit

    issues, attempts = len(observed), math.fsum(one.weight for one in observed)
    if issues < 2:
        return math.nan, math.nan
    share = math.fsum(one.value for one in observed) / attempts
    squares = math.fsum((one.value - share * one.weight) ** 2 for one in observed)
    variance = squares / attempts**2 * issues / (issues - 1)
    tail = (1 + confidence) / 2
    effective = min(share * (1 - share) / variance, attempts) if variance and 0 < share < 1 else float(issues)
    effective *= (float(ndtri(tail)) / float(stdtrit(issues - 1, tail))) ** 2
    return wilson(share * effective, effective, confidence)


def _share_issues(arms: Sequence[Sequence[Observation]]) -> bool:
    names = [{one.unit for one in arm} for arm in arms]
    return len(names) > 1 and all(
        len(a & b) >= max(_SHARED * min(len(a), len(b)), 1.0) for a, b in combinations(names, 2)
    )


def _by_issue(
    runs: Runs, figures: Callable[[IssueRecord], tuple[float, float] | None], *, with_open: bool = False
) -> list[Observation]:
    """Value and weight of each issue, added up over the runs that worked on it."""
    sums: dict[str, tuple[float, float]] = {}
    for run in runs:
        for issue in run.issues:
            found = figures(issue) if with_open or issue.success is not None else None
            if found is not None:
                name = f"{run.project or ''}/{issue.issue}"
                value, weight = sums.get(name, (0.0, 0.0))
                sums[name] = value + found[0], weight + found[1]
    return [Observation(name, value, weight) for name, (value, weight) in sums.items()]


def _issue_cost(issue: IssueRecord) -> tuple[float, float]:
    return float(issue.cost_usd or 0), float(bool(issue.success))


def _scores(issue: IssueRecord) -> tuple[float, float] | None:
    return (issue.quality_sum, float(issue.quality_count)) if issue.quality_count else None


def _scores_of_run(run: RunRecord) -> Observation:
    return Observation(run.run_id, run.quality_sum, float(run.quality_count))


def _of_run(run: RunRecord, weight: float) -> Observation:
    return Observation(run.run_id, float(run.priced_usd), weight)


def _is_spent_on_issues(run: RunRecord) -> bool:
    spent = sum(issue.cost_usd for issue in run.issues if issue.cost_usd is not None and issue.success is not None)
    return abs(spent - run.priced_usd) <= _ROUNDING * run.priced_usd

"""Whether an agent's operation can be had from a cheaper model, with success and quality not shown worse.

"Not shown worse" by itself is true of every model that was tried twice. Here it has to be shown that the cheaper model
loses no more than a margin (non-inferiority; see Piaggio and others, "Reporting of noninferiority and equivalence
randomized trials", JAMA 308, 2012): the lower limit of its success less that of the dearer one is above minus the
margin, and so is that of its quality, where scores are recorded. Limits are one-sided at `error_rate`, divided by how
many cheaper models are tried in the place of the dear one. A unit of work counts once, with the outcome of its last
task and its mean score. Of a model that does equally well, at 90 % and a margin of 5 points, 200 units each show it
in half of the cases and 450 in 8 of 10; fewer than `fewest_units` are not looked at.

What is saved is the difference of cost per task times the tasks that the dearer model did, and only claimed where its
lower limit is above 0. The two models did not get the same tasks: where the hard ones went to the dear model, the cheap
one looks better than it is. The comparison is within one operation and role, and says so.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property

import msgspec

from agentgauge.analysis.pairs import Observation, contrast, level
from agentgauge.analysis.proportions import agresti_caffo
from agentgauge.policies.findings import Evidence, Figure, Finding, Period, dollars, priority_of, saving_in
from agentgauge.policies.thresholds import Thresholds

_CONFIDENCE = 0.95
_ASSUMPTION = "both models got tasks that were equally hard; tasks assigned by chance would make sure"


class UnitOfModel(msgspec.Struct):
    """What one model did for an operation in one unit of work. Adds up."""

    tasks: int = 0
    cost_usd: float = 0.0
    succeeded: bool | None = None
    """Whether the last task did; None where none has an outcome."""
    quality_sum: float = 0.0
    scores: int = 0


class ModelWork(msgspec.Struct, frozen=True, dict=True):
    """What one model did for an operation; tasks whose cost is not known are left out."""

    model: str
    units: dict[str, UnitOfModel]

    @cached_property
    def tasks(self) -> int:
        return sum(unit.tasks for unit in self.units.values())

    @cached_property
    def cost_per_task(self) -> float:
        return math.fsum(unit.cost_usd for unit in self.units.values()) / self.tasks

    @cached_property
    def cost_limits(self) -> tuple[float, float]:
        """Of the cost per task; NaN where it does not vary."""
        costs = [Observation(name, unit.cost_usd, unit.tasks) for name, unit in self.units.items()]
        _, low, high = level(costs, "ratio", _CONFIDENCE)
        return low, high

    @cached_property
    def outcomes(self) -> list[bool]:
        return [unit.succeeded for unit in self.units.values() if unit.succeeded is not None]

    @cached_property
    def qualities(self) -> list[Observation]:
        return [Observation(name, unit.quality_sum / unit.scores) for name, unit in self.units.items() if unit.scores]

    @cached_property
    def mean_quality(self) -> float:
        """Of units; NaN where none has a score."""
        return math.fsum(one.value for one in self.qualities) / len(self.qualities) if self.qualities else math.nan


class _Loss(msgspec.Struct, frozen=True):
    """What the cheaper model has more or less of than the dear one, with one-sided limits either way."""

    measure: str
    unit: str
    dear: float
    cheap: float
    n_dear: int
    n_cheap: int
    low: float
    high: float
    margin: float

    @property
    def is_acceptable(self) -> bool:
        return self.low > -self.margin

    @property
    def text(self) -> str:
        noun, scale = ("success", 100) if self.unit == "1" else ("quality", 1)
        return f"no {noun}" if self.low >= 0 else f"at most {-self.low * scale:.1f} points of {noun}"

    def figures(self, dear: str, cheap: str) -> tuple[Figure, ...]:
        return (
            Figure(f"{self.measure} of {dear}", self.dear, self.unit, self.n_dear),
            Figure(f"{self.measure} of {cheap}", self.cheap, self.unit, self.n_cheap),
            Figure(
                f"{self.measure}, difference",
                self.cheap - self.dear,
                self.unit,
                self.n_dear + self.n_cheap,
                self.low,
                self.high,
            ),
        )


class _Candidate(msgspec.Struct, frozen=True):
    """A cheaper model that is shown good enough in the place of a dearer one."""

    work: ModelWork
    saved: float
    """USD per task."""
    low: float
    high: float
    method: str
    losses: tuple[_Loss, ...]


def cheaper_model(
    agent: str | None,
    role: str | None,
    operation: str,
    dear: ModelWork,
    others: Sequence[ModelWork],
    period: Period,
    spent: Decimal,
    thresholds: Thresholds,
) -> Finding | None:
    """The cheaper model that saves most in the place of `dear`, of `others`, what models did in the same operation and
    role; None where none is shown good enough. `spent` is all that was spent in the period.
    """
    cheaper = [other for other in others if other.model != dear.model and other.cost_per_task < dear.cost_per_task]
    confidence = 1 - 2 * thresholds.error_rate / max(len(cheaper), 1)
    good = [
        candidate
        for other in cheaper
        if (candidate := _candidate(dear, other, confidence, period, thresholds)) is not None
    ]
    best = max(good, key=lambda candidate: (candidate.saved, candidate.work.model), default=None)
    if best is None:
        return None
    cheap = best.work
    limits = best.low * dear.tasks, best.high * dear.tasks
    saving = saving_in(period, best.saved * dear.tasks, limits, f"cost per task times tasks; {best.method}")
    return Finding(
        type="cheaper_model",
        priority=priority_of(saving, period, spent),
        agent=agent,
        agent_role=role,
        current_budget=None,
        recommended_budget=None,
        reason=(
            f"{cheap.model} does {operation} for {dollars(cheap.cost_per_task)} a task instead of "
            f"{dollars(dear.cost_per_task)}, and loses {' and '.join(loss.text for loss in best.losses)}"
        ),
        saving=saving,
        evidence=Evidence(
            period=period,
            n=dear.tasks + cheap.tasks,
            of="tasks",
            figures=(
                Figure(f"cost_per_task of {dear.model}", dear.cost_per_task, "USD", dear.tasks),
                Figure(f"cost_per_task of {cheap.model}", cheap.cost_per_task, "USD", cheap.tasks),
                *(figure for loss in best.losses for figure in loss.figures(dear.model, cheap.model)),
            ),
            names=tuple(sorted(candidate.work.model for candidate in good)),
            assumption=_ASSUMPTION,
        ),
        model=dear.model,
        operation=operation,
        alternative=cheap.model,
    )


def _candidate(
    dear: ModelWork, cheap: ModelWork, confidence: float, period: Period, thresholds: Thresholds
) -> _Candidate | None:
    """None unless it saves enough and loses little; what takes longest to find out is asked last."""
    low, high, method = _saved_limits(dear, cheap)
    if not period.per_month(low * dear.tasks) >= thresholds.least_saving_usd:
        return None  # a limit that is not known is NaN, and no reason to recommend anything
    losses: list[_Loss] = []
    if dear.outcomes or cheap.outcomes:
        if min(len(dear.outcomes), len(cheap.outcomes)) < thresholds.fewest_units:
            return None
        losses.append(_success(dear, cheap, confidence, thresholds.success_margin))
        if not losses[0].is_acceptable:
            return None
    if dear.qualities or cheap.qualities:
        if min(len(dear.qualities), len(cheap.qualities)) < thresholds.fewest_units:
            return None
        if cheap.mean_quality <= dear.mean_quality - thresholds.quality_margin:
            return None  # no lower limit is above the difference itself
        losses.append(_quality(dear, cheap, confidence, thresholds.quality_margin))
        if not losses[-1].is_acceptable:
            return None
    if not losses:
        return None
    return _Candidate(cheap, dear.cost_per_task - cheap.cost_per_task, low, high, method, tuple(losses))


def _saved_limits(dear: ModelWork, cheap: ModelWork) -> tuple[float, float, str]:
    """Limits of what is saved per task, and how they were found: put together from those of either model, see
    `agentgauge.analysis.pairs`."""
    saved = dear.cost_per_task - cheap.cost_per_task
    if _is_constant(dear) and _is_constant(cheap):
        return saved, saved, "every task of a model cost the same"
    (low_dear, high_dear), (low_cheap, high_cheap) = dear.cost_limits, cheap.cost_limits
    below = math.hypot(dear.cost_per_task - low_dear, high_cheap - cheap.cost_per_task)
    above = math.hypot(high_dear - dear.cost_per_task, cheap.cost_per_task - low_cheap)
    return saved - below, saved + above, "Zou-Donner"


def _success(dear: ModelWork, cheap: ModelWork, confidence: float, margin: float) -> _Loss:
    n_dear, n_cheap = len(dear.outcomes), len(cheap.outcomes)
    won_dear, won_cheap = sum(dear.outcomes), sum(cheap.outcomes)
    low, high = agresti_caffo(won_cheap, n_cheap, won_dear, n_dear, confidence)
    return _Loss("success_rate", "1", won_dear / n_dear, won_cheap / n_cheap, n_dear, n_cheap, low, high, margin)


def _quality(dear: ModelWork, cheap: ModelWork, confidence: float, margin: float) -> _Loss:
    found = contrast(cheap.qualities, dear.qualities, "number", False, confidence)
    low, high = found.ci_low, found.ci_high
    if found.variance_a == found.variance_b == 0:
        low = high = found.difference
    n_dear, n_cheap = found.n_b, found.n_a
    return _Loss("quality_score", "0-100", dear.mean_quality, cheap.mean_quality, n_dear, n_cheap, low, high, margin)


def _is_constant(work: ModelWork) -> bool:
    return len({round(unit.cost_usd / unit.tasks, 12) for unit in work.units.values()}) == 1

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
from collections.abc import Callable, Sequence
from decimal import Decimal

import msgspec

from agentgauge.analysis.pairs import Contrast, Kind, Observation, contrast, level
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


class ModelWork(msgspec.Struct, frozen=True):
    """What one model did for an operation; tasks whose cost is not known are left out."""

    model: str
    units: dict[str, UnitOfModel]

    @property
    def tasks(self) -> int:
        return sum(unit.tasks for unit in self.units.values())

    def costs(self) -> list[Observation]:
        return [Observation(name, unit.cost_usd, unit.tasks) for name, unit in self.units.items()]

    def successes(self) -> list[Observation]:
        return [
            Observation(name, float(unit.succeeded)) for name, unit in self.units.items() if unit.succeeded is not None
        ]

    def qualities(self) -> list[Observation]:
        return [Observation(name, unit.quality_sum / unit.scores) for name, unit in self.units.items() if unit.scores]


class _Candidate(msgspec.Struct, frozen=True):
    """A cheaper model that is shown good enough in the place of a dearer one."""

    model: ModelWork
    saved: float
    """USD per task."""
    low: float
    high: float
    method: str
    figures: tuple[Figure, ...]
    losses: tuple[str, ...]
    """What it may lose at most, in words."""


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
    cheaper = [other for other in others if other.model != dear.model and _cost(other) < _cost(dear)]
    confidence = 1 - 2 * thresholds.error_rate / max(len(cheaper), 1)
    good = [
        candidate
        for other in cheaper
        if (candidate := _candidate(dear, other, confidence, thresholds)) is not None
        and period.per_month(candidate.low * dear.tasks) >= thresholds.least_saving_usd
    ]
    best = max(good, key=lambda candidate: (candidate.saved, candidate.model.model), default=None)
    if best is None:
        return None
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
            f"{best.model.model} does {operation} for {dollars(_cost(best.model))} a task instead of "
            f"{dollars(_cost(dear))}, and loses {' and '.join(best.losses)}"
        ),
        saving=saving,
        evidence=Evidence(
            period=period,
            n=dear.tasks + best.model.tasks,
            of="tasks",
            figures=best.figures,
            names=tuple(sorted(candidate.model.model for candidate in good)),
            assumption=_ASSUMPTION,
        ),
        model=dear.model,
        operation=operation,
        alternative=best.model.model,
    )


def _candidate(dear: ModelWork, cheap: ModelWork, confidence: float, thresholds: Thresholds) -> _Candidate | None:
    figures = [_figure("cost_per_task", "USD", model, "ratio", model.costs()) for model in (dear, cheap)]
    losses: list[str] = []
    for measured in _MEASURES:
        of_dear, of_cheap = measured.observations(dear), measured.observations(cheap)
        if not of_dear and not of_cheap:
            continue
        if min(len(of_dear), len(of_cheap)) < thresholds.fewest_units:
            return None
        lost = -_lower_limit(contrast(of_cheap, of_dear, measured.kind, False, confidence))
        if not lost < getattr(thresholds, measured.margin):
            return None
        losses.append(measured.loss(lost))
        figures += [
            _figure(measured.name, measured.unit, model, measured.kind, observations)
            for model, observations in ((dear, of_dear), (cheap, of_cheap))
        ]
    if not losses:
        return None
    found = contrast(dear.costs(), cheap.costs(), "ratio", False, _CONFIDENCE)
    low, high, method = found.ci_low, found.ci_high, found.method
    if _is_constant(dear) and _is_constant(cheap):
        low, high, method = found.difference, found.difference, "every task of a model cost the same"
    return _Candidate(cheap, found.difference, low, high, method, tuple(figures), tuple(losses))


class _Measured(msgspec.Struct, frozen=True):
    name: str
    unit: str
    kind: Kind
    margin: str
    """Its threshold."""
    observations: Callable[[ModelWork], list[Observation]]
    loss: Callable[[float], str]


_MEASURES = (
    _Measured(
        "success_rate",
        "1",
        "binary",
        "success_margin",
        ModelWork.successes,
        lambda lost: f"at most {lost * 100:.1f} points of success" if lost > 0 else "no success",
    ),
    _Measured(
        "quality_score",
        "0-100",
        "number",
        "quality_margin",
        ModelWork.qualities,
        lambda lost: f"at most {lost:.1f} points of quality" if lost > 0 else "no quality",
    ),
)


def _lower_limit(found: Contrast) -> float:
    """Of a difference; of scores that are all the same, the difference itself."""
    return found.difference if found.variance_a == found.variance_b == 0 else found.ci_low


def _figure(name: str, unit: str, model: ModelWork, kind: Kind, observations: Sequence[Observation]) -> Figure:
    value, low, high = (None if math.isnan(x) else x for x in level(observations, kind, _CONFIDENCE))
    assert value is not None  # there are units, and units have tasks
    return Figure(f"{name} of {model.model}", value, unit, len(observations), low, high)


def _cost(work: ModelWork) -> float:
    """Per task."""
    return math.fsum(unit.cost_usd for unit in work.units.values()) / work.tasks


def _is_constant(work: ModelWork) -> bool:
    return len({round(unit.cost_usd / unit.tasks, 12) for unit in work.units.values()}) == 1

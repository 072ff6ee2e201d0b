"""All rules of an evaluation: what each finds is handed to the alerts once, and a rule that fails stops no other.

A rule that failed leaves its alerts as they are, and is an alert itself until it works again.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from functools import partial

import msgspec

from agentgauge.errors import AgentGaugeError
from agentgauge.policies.alerts.kinds import RULE_FAILED, RuleType
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.anomalies import anomalous_hours
from agentgauge.service.evaluating.budget_unchecked import unchecked_budgets
from agentgauge.service.evaluating.degradation import degradations
from agentgauge.service.evaluating.error_rate import error_rates
from agentgauge.service.evaluating.evaluation import Evaluation, Found
from agentgauge.service.evaluating.no_data import silences
from agentgauge.service.evaluating.outliers import outliers
from agentgauge.service.evaluating.satisfaction import satisfactions
from agentgauge.service.evaluating.unpriced_models import unpriced_models
from agentgauge.service.wording import count_of
from agentgauge.state.alerts import AlertBook, Detected, StepKind

_log = logging.getLogger("agentgauge.alerts")

Evaluator = Callable[[Evaluation, Rule], Found]
EVALUATORS: Mapping[RuleType, Evaluator] = {
    "outlier": outliers,
    "anomaly": anomalous_hours,
    "no_data": silences,
    "performance_degradation": degradations,
    "error_rate": error_rates,
    "satisfaction": satisfactions,
    "unpriced_models": unpriced_models,
    "budget_unchecked": unchecked_budgets,
}
"""In the order in which they begin: what is the database's work beside what is ours, then those that look back the
longest, so that the others find what they need read already."""
_ORDER = list(EVALUATORS)
_AT_ONCE = 2


class Evaluated(msgspec.Struct, frozen=True):
    rules: int
    holding: int
    """Conditions that hold."""
    steps: Mapping[StepKind, int]
    failed: Mapping[str, str]
    """What went wrong, by the names of rules."""

    def __str__(self) -> str:
        taken = ", ".join(f"{number} {kind}" for kind, number in sorted(self.steps.items()))
        said = f"{count_of(self.rules, 'rule')}, {count_of(self.holding, 'condition')} {_hold(self.holding)}"
        failed = "".join(f"; {name} failed: {why}" for name, why in sorted(self.failed.items()))
        return f"{said}; {f'alerts {taken}' if taken else 'no alert changed'}{failed}"


def evaluate_rules(
    evaluation: Evaluation,
    rules: Iterable[Rule],
    now: datetime,
    *,
    evaluators: Mapping[RuleType, Evaluator] = EVALUATORS,
) -> Evaluated:
    """Evaluate those rules that there is an evaluator of. `now`: when alerts are opened and closed. Raises
    `StateError`.
    """
    book, steps, failed, holding = AlertBook(evaluation.state), Counter[StepKind](), dict[str, str](), 0
    ours = sorted((rule for rule in rules if rule.type in evaluators), key=_when)
    with ThreadPoolExecutor(_AT_ONCE, "alert-rule") as pool:
        looks = [(rule, pool.submit(evaluators[rule.type], evaluation, rule)) for rule in ours]
        for rule, look in looks:
            try:
                found = look.result()
            except Exception as error:  # noqa: BLE001 - whatever it is, it is told of, and the other rules go on
                failed[rule.name] = _said(error)
                if not isinstance(error, AgentGaugeError):
                    _log.exception("the alert rule %s failed", rule.name)
                continue
            holding += len(found.holds)
            steps.update(
                book.evaluated(
                    rule.name, found.holds, now, hour=evaluation.end, between=found.between, terms=rule.terms
                )
            )
    return Evaluated(len(ours), holding, steps, failed)


def tell_of_failures(book: AlertBook, failed: Mapping[str, str], problems: Sequence[str], now: datetime) -> None:
    """Alert of rules that could not be evaluated, and of what was written as one and is none. Raises `StateError`."""
    alert = partial(Detected, type=RULE_FAILED, severity="error", metric="rules", rule=RULE_FAILED)
    found = [
        alert(
            condition=msgspec.json.encode((RULE_FAILED, name)).decode(),
            message=f"the alert rule {name} could not be evaluated, and its alerts stay as they are: {why}",
        )
        for name, why in failed.items()
    ]
    found += [alert(condition=msgspec.json.encode((RULE_FAILED, "", why)).decode(), message=why) for why in problems]
    book.evaluated(RULE_FAILED, found, now)


def _when(rule: Rule) -> tuple[int, str]:
    return _ORDER.index(rule.type) if rule.type in _ORDER else 0, rule.name


def _hold(number: int) -> str:
    return "holds" if number == 1 else "hold"


def _said(error: Exception) -> str:
    return str(error) if isinstance(error, AgentGaugeError) else f"{type(error).__name__}: {error}"

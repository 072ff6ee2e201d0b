"""When a cheaper model is recommended: it has to be shown that little is lost."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pytest
from numpy.typing import NDArray

from agentgauge.analysis.proportions import agresti_caffo
from agentgauge.policies.cheaper_model import ModelWork, UnitOfModel, cheaper_model
from agentgauge.policies.findings import Finding
from agentgauge.policies.thresholds import Thresholds
from tests.policies.facts import MONTH


def work(
    model: str, cost: float, succeeded: list[bool], qualities: NDArray[np.float64] | None = None, spread: float = 0.0
) -> ModelWork:
    """One task per unit of work."""
    random = np.random.default_rng(5) if spread else None
    units = {}
    for number, success in enumerate(succeeded):
        quality = {} if qualities is None else {"quality_sum": float(qualities[number]), "scores": 1}
        paid = cost * (1 + spread * random.standard_normal()) if random else cost
        units[f"{model}-{number}"] = UnitOfModel(tasks=1, cost_usd=paid, succeeded=success, **quality)  # type: ignore[arg-type]
    return ModelWork(model, units)


def share(n: int, rate: float) -> list[bool]:
    return [number < round(n * rate) for number in range(n)]


def ask(dear: ModelWork, *others: ModelWork, **thresholds: float) -> Finding | None:
    limits = Thresholds(**thresholds)  # type: ignore[arg-type]
    return cheaper_model("coder", "developer", "fix", dear, (dear, *others), MONTH, Decimal(100), limits)


def test_a_cheaper_model_that_does_as_well_on_enough_work_is_recommended() -> None:
    finding = ask(work("opus", 1.0, share(300, 0.9), spread=0.2), work("haiku", 0.1, share(300, 0.9), spread=0.2))
    assert finding is not None
    assert (finding.model, finding.alternative, finding.operation) == ("opus", "haiku", "fix")
    assert finding.saving.low is not None
    assert finding.saving.high is not None
    assert finding.saving.low < Decimal(270) < finding.saving.high
    assert finding.reason.startswith("haiku does fix for $0.099 a task instead of $0.99, and loses at most 4.1 points")
    assert finding.evidence.n == 600


def test_what_is_merely_not_shown_worse_is_not_recommended() -> None:
    """30 units each with the same success: the difference could be 15 points."""
    assert ask(work("opus", 1.0, share(30, 0.9)), work("haiku", 0.1, share(30, 0.9))) is None


def test_all_successes_of_few_units_are_no_proof() -> None:
    assert ask(work("opus", 1.0, [True] * 25), work("haiku", 0.1, [True] * 25)) is None
    assert ask(work("opus", 1.0, [True] * 100), work("haiku", 0.1, [True] * 100)) is not None


def test_lost_quality_prevents_it_and_unknown_quality_of_one_too() -> None:
    random = np.random.default_rng(1)
    good, poor = random.normal(85, 5, 300), random.normal(80, 5, 300)
    dear = work("opus", 1.0, share(300, 0.9), good)
    assert ask(dear, work("haiku", 0.1, share(300, 0.9), good + 0.1)) is not None
    assert ask(dear, work("haiku", 0.1, share(300, 0.9), poor)) is None
    assert ask(dear, work("haiku", 0.1, share(300, 0.9))) is None


def test_without_outcomes_and_scores_nothing_is_known_of_what_is_lost() -> None:
    dear, cheap = work("opus", 1.0, share(300, 0.9)), work("haiku", 0.1, share(300, 0.9))
    for unit in (*dear.units.values(), *cheap.units.values()):
        unit.succeeded = None
    assert ask(dear, cheap) is None


def test_of_several_the_one_that_saves_most_is_named_and_the_others_are_evidence() -> None:
    finding = ask(
        work("opus", 1.0, share(400, 0.95)),
        work("sonnet", 0.5, share(400, 0.95)),
        work("haiku", 0.1, share(400, 0.95)),
        work("nano", 0.01, share(400, 0.5)),
    )
    assert finding is not None
    assert finding.alternative == "haiku"
    assert finding.evidence.names == ("haiku", "sonnet")


def test_the_cheapest_model_is_left_alone() -> None:
    assert ask(work("haiku", 0.1, share(300, 0.9)), work("opus", 1.0, share(300, 0.9))) is None


@pytest.mark.parametrize(("n", "rate", "candidates"), [(150, 0.9, 1), (300, 0.8, 1), (200, 0.9, 4)])
def test_models_that_lose_the_margin_are_recommended_in_one_of_twenty_cases_at_most(
    n: int, rate: float, candidates: int
) -> None:
    """The rule's error, however many models are tried. Of 1,000 repetitions 0.05 has a standard error of 0.007."""
    random, margin = np.random.default_rng(11), Thresholds().success_margin

    def drawn(model: str, cost: float, chance: float) -> ModelWork:
        return work(model, cost, [bool(won) for won in random.random(n) < chance])

    found = 0
    for _ in range(1000):
        others = [drawn(f"cheap-{number}", 0.1, rate - margin) for number in range(candidates)]
        found += ask(drawn("dear", 1.0, rate), *others) is not None
    assert found / 1000 < 0.05 + 3 * 0.007


def test_the_power_that_is_stated() -> None:
    """Some 200 units each at 90 % find a model that does equally well in about half of the cases, 450 in 8 of 10."""
    random, margin = np.random.default_rng(12), Thresholds().success_margin

    def power(n: int) -> float:
        dear, cheap = random.binomial(n, 0.9, 1000), random.binomial(n, 0.9, 1000)
        return float(
            np.mean([agresti_caffo(int(c), n, int(d), n, 0.9)[0] > -margin for d, c in zip(dear, cheap, strict=True)])
        )

    assert power(200) == pytest.approx(0.5, abs=0.06)
    assert power(450) == pytest.approx(0.8, abs=0.06)

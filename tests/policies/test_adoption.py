"""What was saved since a decision."""

from __future__ import annotations

import math
from datetime import timedelta

import numpy as np

from agentgauge.analysis.pairs import Observation
from agentgauge.policies.adoption import achieved
from agentgauge.policies.findings import Period
from tests.policies.facts import END

SINCE = Period(END, END + timedelta(days=15))


def units(cost: float, count: int, tasks: int = 2, seed: int = 0) -> list[Observation]:
    random = np.random.default_rng(seed)
    costs = cost * tasks * (1 + 0.1 * random.standard_normal(count))
    return [Observation(str(number), float(paid), tasks) for number, paid in enumerate(costs)]


def test_the_difference_times_the_operations_since_is_what_was_saved() -> None:
    result = achieved("cost per task", units(0.5, 60), units(0.2, 40, seed=1), SINCE)
    assert result.status == "measured"
    assert (result.operations_before, result.operations_after) == (120, 80)
    assert result.so_far is not None
    assert result.per_month is not None
    assert abs(float(result.so_far.usd) - (result.mean_before - result.mean_after) * 80) < 1e-5
    assert result.so_far.low is not None
    assert result.so_far.high is not None
    assert result.so_far.low < 24 < result.so_far.high
    assert abs(result.per_month.usd - 2 * result.so_far.usd) < 0.00001


def test_few_operations_since_are_too_early() -> None:
    result = achieved("cost per task", units(0.5, 60), units(0.2, 9), SINCE)
    assert (result.status, result.so_far, result.operations_after) == ("too_early", None, 18)


def test_few_operations_before_can_never_be_measured() -> None:
    result = achieved("cost per task", units(0.5, 5), [], SINCE)
    assert result.status == "not_measurable"
    assert math.isnan(result.mean_after)


def test_what_has_become_dearer_is_a_negative_saving() -> None:
    result = achieved("cost per task", units(0.2, 60), units(0.5, 40), SINCE)
    assert result.so_far is not None
    assert result.so_far.usd < 0

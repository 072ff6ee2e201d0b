"""Thresholds are changed by name."""

from __future__ import annotations

import pytest

from agentgauge.errors import QueryError
from agentgauge.policies.thresholds import Thresholds, thresholds_with


def test_the_defaults_are_the_documented_ones() -> None:
    limits = Thresholds()
    assert (limits.low_utilization, limits.few_tasks, limits.rare_tasks) == (0.2, 10, 5)
    assert (limits.high_quality, limits.free_capacity, limits.capacity_growth) == (85, 0.5, 1.5)
    assert (limits.high_cost_usd, limits.low_quality) == (10, 60)


def test_named_ones_are_changed() -> None:
    limits = thresholds_with({"few_tasks": "20", "low_quality": "70.5"})
    assert (limits.few_tasks, limits.low_quality, limits.rare_tasks) == (20, 70.5, 5)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"few_task": "20"}, "no threshold 'few_task': did you mean few_tasks?"),
        ({"few_tasks": "many"}, "threshold few_tasks is a number, got 'many'"),
        ({"few_tasks": "-1"}, "threshold few_tasks is a number of at least 0, got -1.0"),
        ({"low_quality": "nan"}, "threshold low_quality is a number of at least 0, got nan"),
        ({"error_rate": "0.5"}, "threshold error_rate is between 0 and 0.5, got 0.5"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, str], said: str) -> None:
    with pytest.raises(QueryError) as refused:
        thresholds_with(changes)
    assert str(refused.value).startswith(said)

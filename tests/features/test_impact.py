"""The impact of optimizations."""

from __future__ import annotations

import math

import pytest
from scipy import stats

from agentgauge.features import AdvancedMetrics
from agentgauge.features.categories import GROUPS, OptimizationImpact, direction_of

TIMES = [(45.2, 38.7), (50.0, 41.0), (61.0, 40.5), (30.0, 31.0)]


@pytest.fixture
def recorded(advanced: AdvancedMetrics) -> AdvancedMetrics:
    for n, (before, after) in enumerate(TIMES):
        advanced.record_optimization_impact("flow", f"o{n % 2}", "task_completion_time", before, after, 0.5 + n / 10)
    advanced.record_optimization_impact("flow", "o9", "accuracy", 0.5, 0.6)
    advanced.record_optimization_impact("other", "o9", "cache_misses", 0.0, 6.0)
    return advanced


def test_each_record_has_its_change_and_whether_it_is_good(recorded: AdvancedMetrics) -> None:
    found = recorded.get_optimization_impact("flow")
    assert found["count"] == 5
    accuracy, *times = found["records"]
    assert (accuracy["direction"], accuracy["improvement"]) == ("higher", pytest.approx(0.2))
    first = times[-1]
    assert (first["before_value"], first["after_value"], first["optimization_id"]) == (45.2, 38.7, "o0")
    assert first["absolute_change"] == pytest.approx(-6.5)
    assert first["relative_change"] == pytest.approx(-6.5 / 45.2)
    assert (first["direction"], first["improvement"]) == ("lower", pytest.approx(6.5 / 45.2))
    assert len(recorded.get_optimization_impact(limit=2)["records"]) == 2


def test_records_of_a_category_are_estimated_together(recorded: AdvancedMetrics) -> None:
    found = recorded.get_optimization_impact(impact_category="task_completion_time")
    (category,) = found["by_category"].values()
    before, after = zip(*TIMES, strict=True)
    expected = stats.ttest_rel(after, before)
    low, high = expected.confidence_interval()
    change = category["absolute_change"]
    assert (change["method"], change["p_value"]) == ("t", pytest.approx(expected.pvalue))
    assert (change["low"], change["high"]) == pytest.approx((low, high))
    assert category["improvement"] == pytest.approx(-category["relative_change"]["value"])
    assert category["avg_user_impact_score"] == pytest.approx(0.65)


def test_one_record_has_no_interval(recorded: AdvancedMetrics) -> None:
    category = recorded.get_optimization_impact("flow")["by_category"]["accuracy"]
    assert (category["count"], category["direction"]) == (1, "higher")
    assert math.isnan(category["absolute_change"]["p_value"])


def test_one_optimization_may_be_asked_for(recorded: AdvancedMetrics) -> None:
    assert recorded.get_optimization_impact(optimization_id="o1")["count"] == 2


def test_without_a_known_direction_nothing_is_called_better(recorded: AdvancedMetrics) -> None:
    (record,) = recorded.get_optimization_impact("other")["records"]
    assert record["direction"] is None
    assert math.isnan(record["improvement"])
    assert math.isnan(record["relative_change"]), "of nothing"


def test_what_is_said_of_the_direction_wins(advanced: AdvancedMetrics) -> None:
    for higher in (True, True):
        advanced.record_optimization_impact("f", "o", "task_completion_time", 10.0, 12.0, higher_is_better=higher)
    said = advanced.get_optimization_impact()["by_category"]["task_completion_time"]
    assert (said["direction"], said["improvement"]) == ("higher", pytest.approx(0.2))
    asked = advanced.get_optimization_impact(higher_is_better=False)["by_category"]["task_completion_time"]
    assert (asked["direction"], asked["improvement"]) == ("lower", pytest.approx(-0.2))
    advanced.record_optimization_impact("f", "o", "task_completion_time", 10.0, 12.0, higher_is_better=False)
    torn = advanced.get_optimization_impact()["by_category"]["task_completion_time"]
    assert torn["direction"] is None


def test_every_documented_category_is_a_constant_and_no_two_disagree() -> None:
    assert [len(group) for group in GROUPS] == [6, 5, 4, 4, 4, 5, 5]
    assert OptimizationImpact.TASK_COMPLETION_TIME == "task_completion_time"
    for group in GROUPS:
        for category in group:
            assert category.direction in (None, direction_of(category.value))
    assert direction_of("of our own") is None

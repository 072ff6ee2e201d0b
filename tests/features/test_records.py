"""What each verb writes into the stream."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import agentgauge
from agentgauge.features import AdvancedMetrics, MetricsCollector
from agentgauge.features.categories import LearningEffectiveness, SystemPerformance
from agentgauge.journal.memory import MemoryJournal
from tests.recorder.reading import events, only


def test_a_performance_metric_is_a_measurement_of_its_category(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_performance_metric(
        "search", SystemPerformance.RESPONSE_TIME, "query_ms", 12.5, "milliseconds", "production", metadata={"k": 1}
    )
    event = only(home)
    assert (event.kind, event.feature, event.name, event.value) == ("measurement", "search", "query_ms", 12.5)
    assert event.unit == "milliseconds"
    assert event.attributes == {
        "metric_type": "performance",
        "metric_category": "response_time",
        "context": "production",
        "k": 1,
    }


@pytest.mark.parametrize("metric_type", ["performance", "learning", "optimization"])
def test_the_basic_verbs_say_what_kind_of_measurement_it_is(
    basic: MetricsCollector, home: Path, metric_type: str
) -> None:
    record = getattr(basic, f"record_{metric_type}_metric")
    record("search", "figure", 3, {"algorithm": "v2"})
    event = only(home)
    assert (event.kind, event.feature, event.name, event.value) == ("measurement", "search", "figure", 3.0)
    assert event.attributes == {"metric_type": metric_type, "algorithm": "v2"}


@pytest.mark.parametrize(
    ("score", "scale", "kept", "said"),
    [(0.92, None, 0.92, {}), (4, None, 0.75, {"score": 4, "scale": 5}), (1, 5, 0.0, {"score": 1, "scale": 5})],
)
def test_satisfaction_is_kept_on_0_to_1_and_as_it_was_given(
    advanced: AdvancedMetrics, home: Path, score: float, scale: float | None, kept: float, said: dict[str, float]
) -> None:
    advanced.record_satisfaction("search", "accuracy", score, "good", "i-1", scale=scale)
    event = only(home)
    assert (event.kind, event.name, event.value) == ("satisfaction", "accuracy", kept)
    assert event.attributes == {"feedback": "good", "interaction_id": "i-1", **said}


def test_a_use_has_its_action_as_operation(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_feature_usage("search", "query", 30, False, "morning", error_type="Timeout")
    event = only(home)
    assert (event.kind, event.name, event.operation, event.feature) == ("feature_usage", "query", "query", "search")
    assert (event.duration_ms, event.outcome, event.error_type) == (30, "failure", "Timeout")
    assert event.attributes == {"user_context": "morning"}


def test_learning_is_measured_by_its_accuracy(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_learning_effectiveness("search", LearningEffectiveness.PREDICTION, 0.92, 0.88, 1000, 0.05)
    event = only(home)
    assert (event.name, event.value) == ("prediction", 0.92)
    assert event.attributes == {
        "metric_type": "learning",
        "confidence": 0.88,
        "sample_size": 1000,
        "improvement_rate": 0.05,
    }


def test_an_impact_keeps_both_values(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_optimization_impact("search", "o1", "task_completion_time", 45.2, 38.7, 0.85)
    event = only(home)
    assert (event.name, event.value) == ("task_completion_time", 38.7)
    assert event.attributes == {
        "metric_type": "optimization",
        "optimization_id": "o1",
        "before_value": 45.2,
        "user_impact_score": 0.85,
    }


def test_a_resource_is_measured_in_percent(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_resource_utilization("memory", "cache", 65.5, 1024.0, 670.0, "MB", feature="search")
    event = only(home)
    assert (event.name, event.value, event.unit, event.feature) == ("cache", 65.5, "%", "search")
    assert event.attributes == {
        "metric_type": "resource",
        "metric_category": "memory",
        "allocated": 1024.0,
        "used": 670.0,
        "resource_unit": "MB",
    }


@pytest.mark.parametrize(
    ("attempted", "successful", "recovery"),
    [(False, False, None), (True, False, "failed"), (True, True, "succeeded"), (False, True, "succeeded")],
)
def test_an_error_says_what_recovery_came_to(
    advanced: AdvancedMetrics, home: Path, attempted: bool, successful: bool, recovery: str | None
) -> None:
    advanced.record_error("search", "Timeout", "warning", "no answer", attempted, successful, "low")
    event = only(home)
    assert (event.kind, event.error_type, event.severity, event.error_message) == (
        "error",
        "Timeout",
        "warning",
        "no answer",
    )
    assert event.recovery == recovery
    assert event.attributes == {"impact_level": "low"}


def test_metadata_does_not_hide_what_is_ours(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_error("search", "Timeout", impact_level="low", metadata={"impact_level": "mine", "other": 1})
    assert only(home).attributes == {"impact_level": "low", "metadata.impact_level": "mine", "other": 1}


def test_a_naive_time_is_utc(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_error("search", "Timeout", at=datetime(2026, 3, 2, 10))  # noqa: DTZ001 - what is tested
    assert only(home).time == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_numbers_of_other_libraries_are_numbers(advanced: AdvancedMetrics, home: Path) -> None:
    advanced.record_optimization_impact("search", "o1", "cost", np.float32(2.0), Decimal("1.5"), np.int64(1))  # type: ignore[arg-type]
    event = only(home)
    assert event.value == 1.5
    assert event.attributes is not None
    assert (event.attributes["before_value"], event.attributes["user_impact_score"]) == (2.0, 1.0)


def test_truths_of_numpy_are_truths(advanced: AdvancedMetrics, home: Path) -> None:
    yes, no = np.array([1.0, 2.0]) == 1.0
    advanced.record_feature_usage("search", "query", success=no)
    advanced.record_error("search", "Timeout", recovery_attempted=yes, recovery_successful=no)
    advanced.record_optimization_impact("search", "o1", "hits", 1.0, 2.0, higher_is_better=yes)
    used, failed, changed = events(home)
    assert (used.outcome, failed.recovery) == ("failure", "failed")
    assert (changed.attributes or {})["higher_is_better"] is True


class _Unreadable(dict[str, object]):
    def items(self) -> object:  # type: ignore[override]
        raise RuntimeError("no")


@pytest.mark.parametrize(
    ("verb", "arguments", "reason"),
    [
        ("record_satisfaction", ("f", "accuracy", 6), "out of range"),
        ("record_satisfaction", ("f", "accuracy", -0.1), "out of range"),
        ("record_satisfaction", ("f", "accuracy", float("nan")), "not finite"),
        ("record_satisfaction", ("f", "accuracy", None), "missing field"),
        ("record_learning_effectiveness", ("f", "prediction", 92), "out of range"),
        ("record_learning_effectiveness", ("f", "prediction", 0.9, 1.1), "out of range"),
        ("record_learning_effectiveness", ("f", "prediction", 0.9, 0.8, "many"), "wrong type"),
        ("record_performance_metric", ("f", "response_time", "ms", "fast"), "wrong type"),
        ("record_performance_metric", ("f", "response_time", "", 1.0), "missing field"),
        ("record_performance_metric", (object(), "response_time", "ms", 1.0), "wrong type"),
        ("record_optimization_impact", ("f", "o1", "cost", None, 1.0), "missing field"),
        ("record_optimization_impact", ("f", "o1", "cost", 1.0, None), "missing field"),
        ("record_optimization_impact", ("f", "o1", "cost", float("inf"), 1.0), "not finite"),
        ("record_optimization_impact", ("f", "o1", "cost", 10**400, 1.0), "not JSON"),
        ("record_resource_utilization", ("memory", "cache", -1), "out of range"),
        ("record_feature_usage", ("f", "query", -1.0), "negative duration"),
        ("record_feature_usage", ("f", "query", 1.0, "yes"), "wrong type"),
        ("record_error", ("f", "E", "grave"), "unknown word"),
        ("record_error", ("f", "E", "error", None, False, False, "huge"), "unknown word"),
        ("record_error", ("f", "E", "error", None, "yes"), "wrong type"),
    ],
)
def test_what_breaks_a_rule_is_counted_and_not_raised(
    advanced: AdvancedMetrics, home: Path, verb: str, arguments: tuple[object, ...], reason: str
) -> None:
    getattr(advanced, verb)(*arguments)
    assert advanced.gauge.health().refused == {reason: 1}
    assert events(home) == []


def test_a_direction_is_true_or_false(advanced: AdvancedMetrics) -> None:
    advanced.record_optimization_impact("f", "o1", "cost", 2.0, 1.0, higher_is_better="lower")  # type: ignore[arg-type]
    assert advanced.gauge.health().refused == {"wrong type": 1}


@pytest.mark.parametrize("metadata", [[1], {1: 2}, {"a": object()}, _Unreadable(a=1)])
def test_metadata_that_cannot_be_kept_is_counted(advanced: AdvancedMetrics, metadata: object) -> None:
    advanced.record_error("f", "E", metadata=metadata)  # type: ignore[arg-type]
    assert sum(advanced.gauge.health().refused.values()) == 1


ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.binary(max_size=3),
    st.decimals(),
    st.datetimes(),
    st.lists(st.integers(), max_size=2),
    st.dictionaries(st.one_of(st.text(max_size=3), st.integers()), st.floats(), max_size=2),
    st.builds(object),
)
VERBS = {
    name: [name for name in inspect.signature(verb).parameters if name != "self"]
    for name, verb in inspect.getmembers(AdvancedMetrics, inspect.isfunction)
    if name.startswith("record_")
}


@given(st.data())
def test_no_value_makes_a_verb_raise(data: st.DataObject) -> None:
    gauge = agentgauge.Gauge(MemoryJournal())
    verb = data.draw(st.sampled_from(sorted(VERBS)))
    arguments = {name: data.draw(ANYTHING, label=name) for name in VERBS[verb]}
    getattr(AdvancedMetrics(gauge=gauge), verb)(**arguments)
    health = gauge.health()
    assert health.recorded + sum(health.refused.values()) == 1

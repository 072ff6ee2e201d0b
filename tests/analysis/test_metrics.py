"""A metric's name says what it is of, in which unit, and which way is better."""

from __future__ import annotations

import pytest

from agentgauge.analysis.metrics import ALIASES, NAMED, named
from agentgauge.engines import Filter
from agentgauge.errors import QueryError


@pytest.mark.parametrize(
    ("name", "unit", "lower_is_better"),
    [
        ("execution_time", "ms", True),
        ("success_rate", "1", False),
        ("error_rate", "1", True),
        ("quality_score", "0-100", False),
        ("cost", "USD", True),
        ("tokens", "token", True),
        ("satisfaction", "1", False),
        ("tool_failures", "1", True),
        ("output_tokens", "token", True),
        ("attributes.queue_ms", "", True),
        ("attributes.stars", "", False),
    ],
)
def test_unit_and_polarity(name: str, unit: str, lower_is_better: bool) -> None:
    metric = named(name)
    assert (metric.unit, metric.lower_is_better) == (unit, lower_is_better)


def test_other_words_for_a_metric_are_the_same_metric() -> None:
    assert {ALIASES[name]: named(name) for name in ALIASES} == {name: NAMED[name] for name in ALIASES.values()}


def test_a_measurement_is_better_lower_where_its_unit_or_name_says_so() -> None:
    assert not named("recall", unit="ratio").lower_is_better
    assert named("retrieval", unit="ms").lower_is_better
    assert named("retry_errors").lower_is_better
    assert named("recall", lower_is_better=True).lower_is_better


def test_cost_is_of_operations_or_of_calls() -> None:
    assert (named("cost").relation, named("cost").over) == ("operations", "task")
    assert (named("cost", per="call").relation, named("cost", per="call").over) == ("events", "llm_call")
    with pytest.raises(QueryError, match="per operation or per call"):
        named("cost", per="month")  # type: ignore[arg-type]


def test_a_column_of_one_kind_is_asked_of_that_kind() -> None:
    assert Filter("kind", "=", "llm_call") in named("input_tokens").conditions
    assert named("duration_ms").over == "all"


def test_text_of_an_attribute_is_no_value() -> None:
    """A condition on a number: what is none does not meet it."""
    (known,) = named("attributes.stars").conditions
    assert (known.op, type(known.value)) == (">=", float)


def test_what_is_no_number_is_refused() -> None:
    with pytest.raises(QueryError, match="model is no number"):
        named("model")


@pytest.mark.parametrize("name", ["execution_time", "cost", "tokens", "latency", "output_tokens"])
def test_time_money_and_tokens_have_long_tails(name: str) -> None:
    assert named(name).is_long_tailed


@pytest.mark.parametrize("name", ["quality_score", "success_rate", "satisfaction", "attributes.stars"])
def test_scores_and_shares_have_not(name: str) -> None:
    assert not named(name).is_long_tailed


def test_a_measurement_has_a_long_tail_by_its_unit() -> None:
    assert named("size", unit="MiB").is_long_tailed
    assert named("wait", unit="seconds").is_long_tailed
    assert not named("temperature", unit="C").is_long_tailed

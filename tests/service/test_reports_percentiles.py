"""Distributions, against NumPy and by hand."""

from __future__ import annotations

import math
import random
from decimal import Decimal

import numpy as np
import pytest

from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service import reports
from agentgauge.service.filters import parse_filters
from tests.service.test_reports import EVER, NOON, call, engine, task

FIGURES = ("p50", "p75", "p90", "p95", "p99")


def test_percentiles_are_those_of_numpy() -> None:
    rng = random.Random(8)
    took = [rng.lognormvariate(5, 1) for _ in range(301)]
    answer = reports.percentiles(engine(*(task(duration_ms=ms) for ms in took)), "execution_time", EVER, exact=True)
    (found,) = answer.rows
    assert [getattr(found, name) for name in FIGURES] == pytest.approx(np.percentile(took, [50, 75, 90, 95, 99]))
    assert (found.mean, found.median) == pytest.approx((np.mean(took), np.median(took)))
    assert found.std_dev == pytest.approx(np.std(took, ddof=1))
    assert (found.count, found.min, found.max, found.few) == (301, min(took), max(took), False)
    assert (answer.metric, answer.unit, answer.way, answer.exact) == ("execution_time", "ms", "raw", True)


def test_of_nothing_the_count_is_zero_and_the_rest_nan() -> None:
    (found,) = reports.percentiles(engine(), "execution_time", EVER).rows
    assert (found.count, found.few) == (0, True)
    assert all(math.isnan(getattr(found, name)) for name in (*FIGURES, "mean", "std_dev", "min", "max"))


def test_of_one_value_the_deviation_is_zero_and_it_is_few() -> None:
    (found,) = reports.percentiles(engine(task(duration_ms=5.0)), "execution_time", EVER).rows
    assert (found.std_dev, found.p99, found.few) == (0.0, 5.0, True)


@pytest.mark.parametrize(("count", "few"), [(19, True), (20, False)])
def test_fewer_than_twenty_are_marked(count: int, few: bool) -> None:
    (found,) = reports.percentiles(engine(*(task(duration_ms=1.0) for _ in range(count))), "execution_time", EVER).rows
    assert found.few is few


OPERATIONS = (
    task(span_id="a", agent="x"), call("0.25", parent_id="a", agent="x"), call("0.50", parent_id="a", agent="x"),
    task(span_id="b", agent="y"), call("0.25", parent_id="b", agent="y"), call(None, parent_id="b", agent="y"),
)  # fmt: skip


def test_the_cost_of_an_operation_is_that_of_its_calls_and_unknown_where_one_has_no_price() -> None:
    (found,) = reports.percentiles(engine(*OPERATIONS), "cost", EVER).rows
    assert (found.count, found.mean, found.unpriced) == (1, 0.75, 1)


def test_the_cost_of_calls_is_asked_for_by_itself() -> None:
    (found,) = reports.percentiles(engine(*OPERATIONS), "cost", EVER, per="call").rows
    assert (found.count, found.p50, found.max, found.unpriced) == (3, 0.25, 0.5, 1)


def test_groups_come_with_the_most_values_first_and_those_without_any_too() -> None:
    rows = reports.percentiles(engine(*OPERATIONS), "cost", EVER, by=("agent",)).rows
    assert [(row.key, row.count, row.unpriced) for row in rows] == [
        ({"agent": "x"}, 1, 0),
        ({"agent": "y"}, 0, 1),
    ]


def test_conditions_choose_what_is_described() -> None:
    (found,) = reports.percentiles(engine(*OPERATIONS), "cost", EVER, parse_filters(["agent=y"]), per="call").rows
    assert (found.count, found.mean) == (1, 0.25)


def test_of_an_attribute_what_reads_as_a_number_counts() -> None:
    events = [call(attributes={"temperature": value}) for value in (0.5, "1.5", "hot", None)]
    (found,) = reports.percentiles(engine(*events), "attributes.temperature", EVER).rows
    assert (found.count, found.mean) == (2, 1.0)


def test_a_measurement_has_its_unit() -> None:
    recall = Event(kind="measurement", name="recall", time=NOON, value=0.5, unit="ratio")
    answer = reports.percentiles(engine(recall), "recall", EVER)
    assert (answer.unit, answer.rows[0].p50) == ("ratio", 0.5)


def test_a_share_has_no_percentiles() -> None:
    with pytest.raises(QueryError, match="success_rate is a share"):
        reports.percentiles(engine(*OPERATIONS), "success_rate", EVER)


def test_money_is_read_to_the_last_digit_that_a_float_has() -> None:
    (found,) = reports.percentiles(engine(call("0.000000000003")), "cost", EVER, per="call").rows
    assert found.p50 == float(Decimal("0.000000000003"))

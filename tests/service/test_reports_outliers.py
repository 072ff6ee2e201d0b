"""Outliers, read whole or found by the engine: both answer the same."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import agentgauge
from agentgauge.engines import Filter
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.meter import Meter
from agentgauge.service.reports.outliers import outliers
from agentgauge.service.window import Window
from agentgauge.settings import Settings, get_settings
from tests.engines.relation import connection_with

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
EVER = Window()


def task(i: int, ms: float | None, **fields: Any) -> Event:
    own = {"name": "turn", "agent": "coder", "outcome": "success", **fields}
    return Event(kind="task", time=NOON + timedelta(minutes=i), duration_ms=ms, **own)


def engine(*events: Event) -> DuckDBEngine:
    return DuckDBEngine(connection_with(events))


def durations(*values: float) -> DuckDBEngine:
    return engine(*(task(i, ms) for i, ms in enumerate(values)))


USUAL = [90.0, 95, 98, 99, 100, 101, 102, 105, 110, 92, 107, 103]


class TestDocumented:
    def test_z_is_the_distance_from_the_mean_in_sample_standard_deviations(self) -> None:
        values = [*USUAL, 900.0]
        (found,) = outliers(durations(*values), "execution_time", EVER).outliers
        assert found.value == 900
        assert found.score == pytest.approx((900 - np.mean(values)) / np.std(values, ddof=1))
        assert found.deviation == pytest.approx(900 - np.mean(values))

    def test_each_names_its_event(self) -> None:
        (found,) = outliers(durations(*USUAL, 900), "execution_time", EVER).outliers
        assert (found.id, found.segment, found.n) == (13, "a-segment", 13)
        assert (found.agent, found.operation, found.time) == ("coder", "turn", NOON + timedelta(minutes=12))

    def test_the_threshold_is_three_and_may_be_another(self) -> None:
        answer = outliers(durations(*USUAL, 150), "execution_time", EVER)
        assert (answer.threshold, answer.method) == (3, "z")
        assert answer.count < outliers(durations(*USUAL, 150), "execution_time", EVER, threshold=0.1).count

    def test_all_are_counted_and_the_farthest_listed(self) -> None:
        values = [*USUAL * 10, *(1000.0 + i for i in range(6))]
        answer = outliers(durations(*values), "execution_time", EVER, method="robust", limit=2)
        assert answer.count == 6
        assert [row.value for row in answer.outliers] == [1005, 1004]

    def test_of_ten_values_none_can_be_one_and_that_is_said(self) -> None:
        answer = outliers(durations(*USUAL[:9], 1e6), "execution_time", EVER)
        assert (answer.count, answer.baselines[0].too_few) == (0, True)
        assert answer.baselines[0].baseline.largest_possible == pytest.approx(9 / math.sqrt(10))

    def test_an_agent_is_measured_by_itself(self) -> None:
        events = [task(i, ms) for i, ms in enumerate((*USUAL, 900))]
        others = [task(i, 9000.0, agent="other", role="r") for i in range(20)]
        assert outliers(engine(*events, *others), "execution_time", EVER).count == 0
        assert outliers(engine(*events, *others), "execution_time", EVER, agent="coder").count == 1
        assert outliers(engine(*events, *others), "execution_time", EVER, role="r").baselines[0].baseline.n == 20


class TestByOperation:
    def test_a_slow_operation_is_no_outlier_of_a_fast_one(self) -> None:
        fast = [task(i, ms, operation="lint") for i, ms in enumerate(USUAL * 4)]
        slow = [task(i, 60_000 + ms, name="build") for i, ms in enumerate((1.0, 2, 3))]
        together = outliers(engine(*fast, *slow), "execution_time", EVER)
        assert {row.operation for row in together.outliers} == {"build"}
        apart = outliers(engine(*fast, *slow), "execution_time", EVER, by="operation")
        assert apart.count == 0
        assert [(row.key, row.baseline.n, row.too_few) for row in apart.baselines] == [
            ("build", 3, True),
            ("lint", 48, False),
        ]

    def test_outliers_that_hide_each_other_are_found_by_the_robust_method(self) -> None:
        values = [*USUAL, 5000, 5000, 5000]
        assert outliers(durations(*values), "execution_time", EVER).count == 0
        found = outliers(durations(*values), "execution_time", EVER, method="robust")
        assert (found.count, found.threshold) == (3, 3.5)
        assert found.outliers[0].deviation == pytest.approx(5000 - np.median(values))

    def test_durations_are_scored_by_factors_and_scores_by_differences(self) -> None:
        events = [task(i, ms, quality_score=70.0 + i % 5) for i, ms in enumerate((*USUAL, 0.0))]
        asked = {"method": "robust", "by": "operation"}
        (time,) = outliers(engine(*events), "execution_time", EVER, **asked).baselines  # type: ignore[arg-type]
        (quality,) = outliers(engine(*events), "quality_score", EVER, **asked).baselines  # type: ignore[arg-type]
        assert (time.baseline.scale, time.baseline.zeros, time.baseline.n) == ("log", 1, 12)
        assert quality.baseline.scale == "linear"


class TestAsked:
    def test_the_cost_of_operations_and_of_calls(self) -> None:
        events = [task(i, 1.0, span_id=f"s{i}") for i in range(15)]
        for i in range(15):
            usd = Decimal("9.5") if i == 3 else Decimal(1) + Decimal(i) / 100
            events.append(
                Event(kind="llm_call", time=NOON, model="m", cost_usd=usd, cost_source="reported", parent_id=f"s{i}")
            )
        for per in ("operation", "call"):
            (found,) = outliers(engine(*events), "cost", EVER, method="robust", per=per).outliers  # type: ignore[arg-type]
            assert found.value == 9.5

    def test_measurements_and_filters(self) -> None:
        events = [
            Event(kind="measurement", time=NOON, name="lag", value=v, unit="s", attributes={"host": host})
            for host in "ab"
            for v in (*USUAL, 5000.0)
        ]
        answer = outliers(engine(*events), "lag", EVER, method="robust", filters=(Filter("attributes.host", "=", "a"),))
        assert (answer.count, answer.unit, answer.outliers[0].operation) == (1, "s", "lag")

    def test_of_nothing_there_is_nothing(self) -> None:
        answer = outliers(engine(), "execution_time", EVER)
        assert (answer.count, answer.outliers, answer.baselines) == (0, (), ())

    @pytest.mark.parametrize(
        ("metric", "asked", "words"),
        [
            ("success_rate", {}, "is a share"),
            ("execution_time", {"method": "iqr"}, "z or robust"),
            ("execution_time", {"threshold": 0.0}, "above 0"),
            ("execution_time", {"threshold": math.nan}, "above 0"),
            ("execution_time", {"limit": 0}, "at least 1"),
            ("no_such", {}, "no measurement is called"),
        ],
    )
    def test_what_cannot_be_asked_is_refused(self, metric: str, asked: dict[str, Any], words: str) -> None:
        with pytest.raises(QueryError, match=words):
            outliers(engine(), metric, EVER, **asked)

    def test_an_event_has_an_id_once_it_has_landed(self) -> None:
        with agentgauge.open(get_settings().home.root) as gauge:
            for i, ms in enumerate((*USUAL, 900)):
                gauge.task("turn", duration_ms=ms, at=NOON + timedelta(minutes=i))
        meter = Meter(Settings(home=get_settings().home))
        with meter.engine() as events:
            (before,) = outliers(events, "execution_time", EVER).outliers
        meter.lake.compact()
        with meter.engine() as events:
            (after,) = outliers(events, "execution_time", EVER).outliers
        assert before.id is None
        assert after.id is not None
        assert (before.segment, before.n) == (after.segment, after.n)


def _mixed(count: int) -> DuckDBEngine:
    """Two operations of lognormal durations, a few zeros and absent ones, some far out; one under two names."""
    rng = random.Random(8)
    events = []
    for i in range(count):
        slow = i % 3 == 0
        ms: float | None = rng.lognormvariate(8 if slow else 4, 0.8) * (40 if i % 97 == 0 else 1)
        ms = {5: 0.0, 6: None}.get(i % 101, ms)
        named = {"operation": "build", "name": f"build-{i % 2}"} if slow else {"name": "lint"}
        score = None if i % 4 else min(100.0, rng.gauss(70, 3) - (60 if i % 88 == 0 else 0))
        events.append(task(i, ms, quality_score=score, attributes={"k": rng.choice((i, "text"))}, **named))
    return engine(*events)


@pytest.fixture(scope="module")
def mixed() -> DuckDBEngine:
    return _mixed(3000)


class TestAmongMany:
    """More values than are read whole."""

    @pytest.mark.parametrize("metric", ["execution_time", "quality_score", "attributes.k"])
    @pytest.mark.parametrize("by", [None, "operation", "agent"])
    @pytest.mark.parametrize("read_whole", [0, 400])
    def test_z_is_exact(self, mixed: DuckDBEngine, metric: str, by: str | None, read_whole: int) -> None:
        whole = outliers(mixed, metric, EVER, by=by, threshold=2.0, limit=500)
        many = outliers(mixed, metric, EVER, read_whole=read_whole, by=by, threshold=2.0, limit=500)
        assert many.exact
        assert many.count == whole.count > 0 or metric == "attributes.k"
        assert [(row.n, row.key) for row in many.outliers] == [(row.n, row.key) for row in whole.outliers]
        for one, other in zip(many.baselines, whole.baselines, strict=True):
            assert (one.key, one.count, one.baseline.n) == (other.key, other.count, other.baseline.n)
            assert (one.baseline.mean, one.baseline.std_dev) == pytest.approx(
                (other.baseline.mean, other.baseline.std_dev)
            )

    @pytest.mark.parametrize("metric", ["execution_time", "quality_score"])
    @pytest.mark.parametrize("by", [None, "operation"])
    def test_the_robust_method_is_near_and_says_so(self, mixed: DuckDBEngine, metric: str, by: str | None) -> None:
        whole = outliers(mixed, metric, EVER, by=by, method="robust", limit=500)
        many = outliers(mixed, metric, EVER, read_whole=0, by=by, method="robust", limit=500)
        assert (whole.exact, many.exact) == (True, False)
        assert many.count == pytest.approx(whole.count, rel=0.1)
        assert {row.n for row in many.outliers[:10]} <= {row.n for row in whole.outliers[:15]}
        for one, other in zip(many.baselines, whole.baselines, strict=True):
            assert (one.key, one.baseline.n, one.baseline.zeros) == (other.key, other.baseline.n, other.baseline.zeros)
            assert one.baseline.median == pytest.approx(other.baseline.median, rel=0.01)
            assert one.baseline.unit_score == pytest.approx(other.baseline.unit_score, rel=0.02)

    @pytest.mark.parametrize("threshold", [0.2, 0.05])
    def test_of_very_many_only_the_farthest_are_read(self, mixed: DuckDBEngine, threshold: float) -> None:
        whole = outliers(mixed, "execution_time", EVER, threshold=threshold, limit=3)
        many = outliers(mixed, "execution_time", EVER, read_whole=0, threshold=threshold, limit=3)
        assert many.count == whole.count > 300
        assert [(row.n, row.time, row.operation) for row in many.outliers] == [
            (row.n, row.time, row.operation) for row in whole.outliers
        ]

    def test_many_that_are_equally_far_are_listed_in_order_of_time(self) -> None:
        # Timeouts all last as long: no percentile tells the farthest of them.
        events = [task(-i, 30_000.0 if i % 12 == 0 else 10 + i % 7) for i in range(900)]
        whole, many = (
            outliers(engine(*events), "execution_time", EVER, by="agent", limit=5, read_whole=most) for most in (900, 0)
        )
        assert many.count == whole.count == 75
        assert [(row.n, row.time, row.operation) for row in many.outliers] == [
            (row.n, row.time, row.operation) for row in whole.outliers
        ]
        assert [row.score for row in many.outliers] == pytest.approx([row.score for row in whole.outliers])

    def test_money_is_compared_in_its_own_type(
        self,
    ) -> None:
        calls = [
            Event(
                kind="llm_call",
                time=NOON,
                model="m",
                input_tokens=i,
                cost_usd=Decimal(i + 1) / 7,
                cost_source="reported",
            )
            for i in (*range(60), 4000, 5000)
        ]
        for metric in ("cost", "input_tokens", "tokens"):
            for method in ("z", "robust"):
                asked: dict[str, Any] = {"method": method, "per": "call", "threshold": 2.0}
                many = outliers(engine(*calls), metric, EVER, read_whole=0, **asked)
                assert {row.n for row in many.outliers} >= {61, 62}, (metric, method)

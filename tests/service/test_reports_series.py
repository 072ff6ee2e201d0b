"""Values and series of metrics, over a few events whose figures can be counted by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from agentgauge.analysis.metrics import named
from agentgauge.engines import Answer, Filter, Query
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.engines.rollup_plan import plan_of
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service.readings.series import Series, metric_in, series, series_by, values
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

DAY = datetime(2026, 3, 2, tzinfo=UTC)
NOW = DAY + timedelta(days=3, hours=6)
WINDOW = Window(DAY, NOW)


def task(day: float, ms: float | None = 100.0, *, span: str | None = None, **fields: Any) -> Event:
    own = {"name": "turn", "outcome": "success", **fields}
    return Event(kind="task", time=DAY + timedelta(days=day), duration_ms=ms, span_id=span, **own)


def call(day: float, usd: str | None = "0.5", *, parent: str | None = None, **fields: Any) -> Event:
    return Event(
        kind="llm_call",
        time=DAY + timedelta(days=day),
        model="m",
        input_tokens=90,
        output_tokens=10,
        cost_usd=None if usd is None else Decimal(usd),
        cost_source="unpriced" if usd is None else "reported",
        parent_id=parent,
        **fields,
    )


def engine(*events: Event) -> DuckDBEngine:
    return DuckDBEngine(connection_with(events))


def daily(events: DuckDBEngine, name: str, window: Window = WINDOW, **asked: Any) -> Series:
    return series(events, named(name), window, "day", "UTC", NOW, **asked)


def figures(found: Series) -> list[float | None]:
    return [None if math.isnan(point.value) else point.value for point in found.points]


class TestSeries:
    def test_a_day_is_the_mean_of_its_values_and_days_without_are_there(self) -> None:
        found = daily(engine(task(0.1, 100), task(0.2, 300), task(2, 50)), "execution_time")
        assert figures(found) == [200, None, 50, None]
        assert [point.n for point in found.points] == [2, 0, 1, 0]

    def test_the_day_that_is_not_over_is_said_to_be_incomplete(self) -> None:
        found = daily(engine(task(0)), "execution_time", Window(DAY + timedelta(hours=1), None))
        assert [point.complete for point in found.points] == [False, True, True, False]

    def test_days_whose_events_have_expired_are_incomplete(self) -> None:
        class Expired(DuckDBEngine):
            def aggregate(self, query: Query) -> Answer:
                return msgspec.structs.replace(super().aggregate(query), missing_before=DAY + timedelta(hours=30))

        found = daily(Expired(connection_with([task(0), task(1), task(2)])), "execution_time")
        assert [point.complete for point in found.points] == [False, False, True, False]
        assert found.missing_before == DAY + timedelta(hours=30)

    @pytest.mark.parametrize("by", [None, "agent"])
    @pytest.mark.parametrize("name", ["execution_time", "success_rate", "cost", "tokens", "latency", "tool_failures"])
    def test_rollups_can_answer_it(self, name: str, by: str | None) -> None:
        asked: list[Query] = []

        class Asked(DuckDBEngine):
            def aggregate(self, query: Query) -> Answer:
                asked.append(query)
                return super().aggregate(query)

        series_by(Asked(connection_with([task(0)])), named(name), by, WINDOW, "day", "UTC", NOW)
        assert [plan_of(query) is not None for query in asked] == [True]

    def test_shares_are_over_all_events_of_the_day(self) -> None:
        events = engine(
            task(0), task(0, outcome="error"), task(0), task(0, outcome="timeout"), task(1), task(1, outcome=None)
        )
        assert figures(daily(events, "success_rate")) == [0.5, 1, None, None]
        assert figures(daily(events, "error_rate")) == [0.5, 0, None, None]

    def test_cost_is_that_of_the_calls_over_the_operations_that_ended(self) -> None:
        events = engine(task(0.5), task(0.6), call(0.1), call(0.2), call(0.3, None))
        (first, *_) = daily(events, "cost").points
        assert (first.value, first.n, first.unpriced_calls) == (0.5, 2, 1)

    def test_cost_per_call_is_of_model_calls_alone(self) -> None:
        paid = Event(kind="tool_call", time=DAY, name="search", cost_usd=Decimal(9), cost_source="reported")
        metric = named("cost", per="call")
        found = series(engine(call(0), call(0, "0.1"), paid), metric, WINDOW, "day", "UTC", NOW)
        assert found.points[0].value == pytest.approx(0.3)

    def test_a_total_is_all_that_was_used_and_nothing_is_zero(self) -> None:
        found = daily(engine(call(0), call(0), call(2)), "cost", figure="total")
        assert figures(found) == [1, 0, 0.5, 0]
        assert figures(daily(engine(call(0)), "tokens", figure="total"))[0] == 100

    def test_only_usage_has_a_total(self) -> None:
        with pytest.raises(QueryError, match="does not add up"):
            daily(engine(task(0)), "execution_time", figure="total")

    def test_days_are_those_of_the_zone(self) -> None:
        """Midnight UTC is still the first of March in New York."""
        found = series(engine(task(0)), named("execution_time"), Window(), "day", "America/New_York", NOW)
        assert found.points[0].start.isoformat() == "2026-03-01T00:00:00-05:00"
        assert len(found.points) == 5

    def test_operations_are_chosen_with_the_calls_inside_them(self) -> None:
        """The calls know nothing of the operation that the task names."""
        events = engine(
            task(0.5, span="a", operation="review"),
            task(0.5, span="b"),
            call(0.1, "2", parent="a"),
            call(0.1, "8", parent="b"),
        )
        found = daily(events, "cost", filters=(Filter("operation", "=", "review"),))
        assert figures(found)[0] == 2

    def test_of_nothing_there_is_no_point(self) -> None:
        assert daily(engine(), "execution_time", Window()).points == ()
        assert daily(engine(task(0)), "execution_time", Window(NOW, None)).points == ()

    def test_too_many_buckets_are_refused(self) -> None:
        with pytest.raises(QueryError, match="buckets of one day: take week"):
            daily(engine(), "execution_time", Window(DAY - timedelta(days=20_000), DAY))


class TestSeriesByKey:
    def test_each_agent_has_the_same_days(self) -> None:
        found = series_by(
            engine(task(0, 10, agent="a"), task(1, 30, agent="b"), task(1, 50)),
            named("execution_time"), "agent", WINDOW, "day", "UTC", NOW,
        )  # fmt: skip
        assert list(found) == ["a", "b", None]
        assert figures(found["a"]) == [10, None, None, None]
        assert figures(found["b"]) == [None, 30, None, None]

    def test_an_operation_without_a_name_goes_by_what_the_task_is_called(self) -> None:
        named_so = (task(0, 10, name="x", operation="review"), task(0, 20, name="y", operation="review"))
        events = engine(*named_so, task(0, 60, name="review"), task(0, 7))
        found = series_by(events, named("execution_time"), "operation", WINDOW, "day", "UTC", NOW)
        assert {key: (one.points[0].value, one.points[0].n) for key, one in found.items()} == {
            "review": (30, 3),
            "turn": (7, 1),
        }

    def test_the_cost_of_each_operation_is_that_of_the_calls_inside(self) -> None:
        events = engine(
            task(0.5, span="a", name="plan"), task(0.5, span="b"), call(0, parent="a"), call(0, None, parent="b")
        )
        found = series_by(events, named("cost"), "operation", WINDOW, "day", "UTC", NOW)
        assert (found["plan"].points[0].value, found["turn"].points[0].unpriced_calls) == (0.5, 1)

    @pytest.mark.parametrize("by", ["model", "name", "operation"])
    @pytest.mark.parametrize("metric", ["cost", "tokens"])
    def test_calls_that_belong_to_no_operation_are_no_operation_that_cost_nothing(self, by: str, metric: str) -> None:
        flat = engine(task(0.5), task(1), call(0.1), call(1))
        assert series_by(flat, named(metric), by, WINDOW, "day", "UTC", NOW) == {}

    def test_the_mean_is_over_the_operations_that_have_calls(self) -> None:
        events = engine(task(0.5, span="a"), task(0.5, span="b"), task(0.5), call(0.1, "2", parent="a"))
        found = series_by(events, named("cost"), "name", WINDOW, "day", "UTC", NOW)
        assert (found["turn"].points[0].value, found["turn"].points[0].n) == (2, 1)

    def test_together_they_are_the_whole(self) -> None:
        events = engine(*(task(i % 3, 10.0 * i, agent="ab"[i % 2]) for i in range(30)))
        parts = series_by(events, named("execution_time"), "agent", WINDOW, "day", "UTC", NOW).values()
        for whole, *of_parts in zip(
            daily(events, "execution_time").points, *(part.points for part in parts), strict=True
        ):
            known = [point for point in of_parts if point.n]
            assert whole.n == sum(point.n for point in known)
            if known:
                assert whole.value == pytest.approx(sum(point.n * point.value for point in known) / whole.n)


class TestValues:
    def test_each_value_has_its_event(self) -> None:
        (value,) = values(engine(task(0, 12, agent="a", role="r")), named("execution_time"), WINDOW, by="role")
        assert (value.id, value.segment, value.n, value.time) == (1, "a-segment", 1, DAY)
        assert (value.agent, value.operation, value.value, value.key) == ("a", "turn", 12, "r")

    def test_the_cost_of_an_operation_with_an_unpriced_call_is_no_value(self) -> None:
        events = engine(task(0.5, span="a"), task(0.5, span="b"), call(0, parent="a"), call(0, None, parent="b"))
        assert [value.value for value in values(events, named("cost"), WINDOW)] == [0.5]

    def test_an_attribute_counts_where_it_reads_as_a_number(self) -> None:
        events = engine(*(task(0, attributes={"k": k}) for k in (1, "2.5", "many", None, True)))
        assert [value.value for value in values(events, named("attributes.k"), WINDOW)] == [1, 2.5]
        point = daily(events, "attributes.k").points[0]
        assert (point.n, point.value) == (2, 1.75)

    def test_of_a_share_they_are_one_and_zero(self) -> None:
        events = engine(task(0), task(1, outcome="error"), task(2, outcome=None))
        assert [value.value for value in values(events, named("error_rate"), WINDOW)] == [0, 1]


class TestMetricIn:
    def test_a_measurement_brings_its_unit(self) -> None:
        recorded = Event(kind="measurement", time=DAY, name="wait", value=3.0, unit="s")
        metric = metric_in(engine(recorded), "wait")
        assert (metric.unit, metric.lower_is_better) == ("s", True)

    def test_what_was_never_recorded_is_refused_with_the_near_name(self) -> None:
        with pytest.raises(QueryError, match="did you mean execution_time"):
            metric_in(engine(), "excution_time")

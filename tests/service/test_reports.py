"""The reports, over a few events whose answers can be counted by hand."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service import reports
from agentgauge.service.bucket_widths import legible_width
from agentgauge.service.filters import parse_filters
from agentgauge.service.reports.breakdown import Group
from agentgauge.service.reports.over_time import Bucket
from agentgauge.service.usage_report import usage_report
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

NOON = datetime(2026, 3, 28, 12, tzinfo=UTC)
"""The day before clocks go forward in Berlin."""
EVER = Window()


def call(cost: str | None = "0.5", *, hours: float = 0, **fields: Any) -> Event:
    own = {"model": "m1", "input_tokens": 100, "output_tokens": 10, "cache_read_tokens": 40, "outcome": "success"}
    return Event(
        kind="llm_call",
        time=NOON + timedelta(hours=hours),
        cost_usd=None if cost is None else Decimal(cost),
        cost_source="unpriced" if cost is None else "reported",
        **{**own, **fields},
    )


def task(outcome: str | None = "success", *, hours: float = 0, **fields: Any) -> Event:
    return Event(kind="task", name="turn", time=NOON + timedelta(hours=hours), outcome=outcome, **fields)


def measurement(**fields: Any) -> Event:
    return Event(kind="measurement", name="recall", time=NOON, value=0.5, **fields)


def tool(name: str, outcome: str = "success", **fields: Any) -> Event:
    return Event(kind="tool_call", name=name, time=NOON, outcome=outcome, **fields)


def engine(*events: Event) -> DuckDBEngine:
    return DuckDBEngine(connection_with(events))


def groups(*asked: Any, **more: Any) -> tuple[Group, ...]:
    return reports.breakdown(*asked, **more).rows


def course(*asked: Any, **more: Any) -> tuple[Bucket, ...]:
    return reports.over_time(*asked, **more).rows


class TestOverview:
    def test_adds_up_calls_tasks_tools_tokens_and_money(self) -> None:
        found = reports.overview(
            engine(call(), call("0.25", outcome="error"), task(), task("failure"), tool("grep"), tool("grep", "error")),
            EVER,
        )
        assert (found.calls, found.failed_calls, found.tool_calls, found.failed_tool_calls) == (2, 1, 2, 1)
        assert (found.tasks, found.success_rate) == (2, 0.5)
        assert (found.input_tokens, found.output_tokens, found.cache_read_tokens) == (200, 20, 80)
        assert found.cached_share == 0.4
        assert found.cost_usd == Decimal("0.75")

    def test_an_unpriced_call_is_counted_and_adds_nothing(self) -> None:
        found = reports.overview(engine(call(), call(None)), EVER)
        assert (found.cost_usd, found.unpriced_calls) == (Decimal("0.5"), 1)

    def test_the_cost_of_no_calls_is_zero(self) -> None:
        assert [reports.overview(engine(*events), EVER).cost_usd for events in ((), (task(),))] == [0, 0]

    def test_the_cost_of_unpriced_calls_alone_is_unknown(self) -> None:
        assert reports.overview(engine(call(None)), EVER).cost_usd is None

    def test_calls_without_a_parent_are_outside_any_task(self) -> None:
        found = reports.overview(engine(task(span_id="a"), call(parent_id="a"), call()), EVER)
        assert found.calls_outside_tasks == 1

    def test_of_no_events_counts_are_zero_and_rates_nan(self) -> None:
        found = reports.overview(engine(), EVER)
        assert (found.events, found.calls, found.tasks, found.input_tokens) == (0, 0, 0, 0)
        assert math.isnan(found.success_rate)
        assert math.isnan(found.cached_share)
        assert (found.first, found.last) == (None, None)

    def test_the_end_of_a_window_is_not_in_it(self) -> None:
        events = engine(call(hours=0), call(hours=1))
        assert reports.overview(events, Window(NOON, NOON + timedelta(hours=1))).calls == 1


class TestBreakdown:
    def test_a_feature_is_found_by_whatever_is_recorded_of_it(self) -> None:
        events = (call(feature="search"), measurement(feature="chat"), measurement(feature="chat"))
        found = groups(engine(*events), EVER, ("feature",))
        assert [(group.key["feature"], group.calls, group.events) for group in found] == [
            ("search", 1, 1),
            ("chat", 0, 2),
        ]

    def test_where_no_work_names_an_operation_other_events_may(self) -> None:
        found = groups(engine(call(), measurement(operation="ask")), EVER, ("operation",))
        assert {group.key["operation"]: group.events for group in found} == {None: 1, "ask": 1}

    def test_groups_come_dearest_first_with_their_own_totals(self) -> None:
        found = groups(
            engine(call("1", agent="a"), call("3", agent="b"), call("1", agent="a"), task(agent="a", duration_ms=10.0)),
            EVER,
            ["agent"],
        )
        assert [(group.key, group.calls, group.tasks, group.cost_usd) for group in found] == [
            ({"agent": "b"}, 1, 0, Decimal(3)),
            ({"agent": "a"}, 2, 1, Decimal(2)),
        ]

    def test_durations_of_tasks_and_calls_are_kept_apart(self) -> None:
        events = [task(agent="a", duration_ms=ms) for ms in (10.0, 20.0, 90.0)] + [call(agent="a", duration_ms=1.0)]
        (group,) = groups(engine(*events), EVER, ["agent"])
        assert (group.task_duration.mean_ms, group.task_duration.median_ms) == (40.0, 20.0)
        assert group.call_duration.p95_ms == 1.0

    def test_by_model_only_model_calls_count(self) -> None:
        found = groups(engine(call(), task(), tool("grep")), EVER, ["model"])
        assert [group.key for group in found] == [{"model": "m1"}]

    def test_an_attribute_is_named_with_or_without_its_prefix(self) -> None:
        events = engine(call(attributes={"branch": "main"}), call())
        for name in ("branch", "attributes.branch"):
            assert {group.key[name] for group in groups(events, EVER, [name])} == {"main", None}

    def test_an_attribute_that_no_event_has_is_refused_by_name(self) -> None:
        with pytest.raises(QueryError, match="'agnet'"):
            groups(engine(call()), EVER, ["agnet"])

    def test_an_attribute_may_be_one_of_measurements_alone(self) -> None:
        found = groups(engine(call(), measurement(attributes={"survey": "weekly"})), EVER, ["survey"])
        assert [(group.key["survey"], group.events, group.calls) for group in found] == [(None, 1, 1), ("weekly", 1, 0)]

    def test_a_column_that_no_work_has_groups_the_kinds_that_have_it(self) -> None:
        found = groups(engine(call(), measurement(unit="ms"), measurement(unit="ms")), EVER, ["unit"])
        assert [(group.key, group.events) for group in found] == [({"unit": "ms"}, 2)]

    def test_by_kind_all_kinds_are_there(self) -> None:
        found = groups(engine(call(), measurement()), EVER, ["kind"])
        assert {group.key["kind"]: group.events for group in found} == {"llm_call": 1, "measurement": 1}

    def test_work_alone_is_grouped_by_what_it_has(self) -> None:
        (group,) = groups(engine(call(agent="a"), measurement()), EVER, ["agent"])
        assert (group.key, group.events) == ({"agent": "a"}, 1)

    def test_dimensions_that_no_kind_has_together_are_refused(self) -> None:
        with pytest.raises(QueryError, match="model and unit together"):
            groups(engine(call()), EVER, ["unit", "model"])

    @pytest.mark.parametrize("name", ["cost_usd", "input_tokens"])
    def test_what_is_added_up_is_no_dimension(self, name: str) -> None:
        with pytest.raises(QueryError, match=f"{name} is added up.* agent, role"):
            groups(engine(call()), EVER, [name])

    def test_groups_of_several_dimensions_are_their_combinations(self) -> None:
        events = engine(call(agent="a"), call(agent="a", model="m2"), call(agent="b"))
        assert len(groups(events, EVER, ["agent", "model"])) == 3

    @pytest.mark.parametrize("name", ["tool", "component"])
    def test_tools_and_components_are_not_combined_with_another_dimension(self, name: str) -> None:
        with pytest.raises(QueryError, match=f"--by {name} alone"):
            usage_report(engine(call()), EVER, by=("agent", name), zone="UTC", now=NOON)

    def test_the_course_of_each_group_needs_buckets_and_groups(self) -> None:
        for asked in ({"by": ("agent",)}, {"by": ("tool",), "bucket": "day"}):
            with pytest.raises(QueryError, match="--each"):
                usage_report(engine(call()), EVER, zone="UTC", now=NOON, each=True, **asked)


class TestOverTime:
    def test_days_of_a_zone_sum_to_the_range_over_a_change_of_clocks(self) -> None:
        events = engine(*(call(hours=hours) for hours in range(-30, 40)))
        days = course(events, EVER, "day", "Europe/Berlin", NOON)
        whole = reports.overview(events, EVER)
        assert sum(day.calls for day in days) == whole.calls == 70
        assert sum(day.cost_usd or 0 for day in days) == whole.cost_usd
        assert [day.calls for day in days] == [17, 24, 23, 6]

    def test_buckets_without_events_are_rows_of_zeros(self) -> None:
        days = course(engine(call(), call(hours=72)), EVER, "day", "UTC", NOON)
        assert [day.calls for day in days] == [1, 0, 0, 1]
        assert math.isnan(days[1].success_rate)

    def test_an_open_window_is_from_the_first_event_to_the_last(self) -> None:
        days = course(engine(call(), call(hours=24)), EVER, "day", "UTC", NOON + timedelta(days=300))
        assert [day.calls for day in days] == [1, 1]

    def test_from_a_start_that_was_asked_for_it_reaches_to_now(self) -> None:
        since = Window(NOON - timedelta(days=1))
        days = course(engine(call()), since, "day", "UTC", NOON + timedelta(days=2))
        assert [day.calls for day in days] == [0, 1, 0, 0]
        assert [day.complete for day in days] == [False, True, True, False]

    def test_what_lies_whole_in_the_window_and_is_over_is_complete(self) -> None:
        day = timedelta(days=1)
        midnight = NOON - timedelta(hours=12)
        window = Window(midnight, midnight + 2 * day)
        for now, complete in ((NOON, False), (midnight + 2 * day, True)):
            days = course(engine(call()), window, "day", "UTC", now)
            assert {bucket.complete for bucket in days} == {complete}

    @pytest.mark.parametrize(
        ("width", "label"),
        [
            ("15min", "2026-03-28T17:45+05:45"),
            ("hour", "2026-03-28T17:00+05:45"),
            ("day", "2026-03-28"),
            ("week", "2026-03-23"),
            ("month", "2026-03"),
        ],
    )
    def test_a_label_is_the_start_by_the_clocks_of_the_zone(self, width: str, label: str) -> None:
        (bucket,) = course(engine(call()), EVER, width, "Asia/Kathmandu", NOON)
        assert bucket.label == label

    def test_no_events_and_no_window_are_no_buckets(self) -> None:
        assert course(engine(), EVER, "day", "UTC", NOON) == ()

    def test_more_than_ten_thousand_buckets_are_refused(self) -> None:
        with pytest.raises(QueryError, match="10,000"):
            course(engine(call()), Window(NOON - timedelta(days=500), NOON), "hour", "UTC", NOON)

    def test_an_unknown_width_is_refused_with_those_there_are(self) -> None:
        with pytest.raises(QueryError, match="month"):
            course(engine(call()), EVER, "fortnight", "UTC", NOON)

    @pytest.mark.parametrize(
        ("span", "width"), [(timedelta(hours=2), "15min"), (timedelta(days=1), "hour"), (timedelta(days=20), "day")]
    )
    def test_the_legible_width_grows_with_the_span(self, span: timedelta, width: str) -> None:
        assert legible_width(NOON, NOON + span) == width

    def test_split_by_a_dimension_every_group_has_every_bucket(self) -> None:
        events = engine(call("1", agent="a"), call("2", agent="b", hours=48), task(agent="a", hours=48))
        days = course(events, EVER, "day", "UTC", NOON, by=["agent"])
        assert [(day.label, day.key["agent"], day.calls, day.tasks) for day in days] == [
            ("2026-03-28", "a", 1, 0),
            ("2026-03-28", "b", 0, 0),
            ("2026-03-29", "a", 0, 0),
            ("2026-03-29", "b", 0, 0),
            ("2026-03-30", "a", 0, 1),
            ("2026-03-30", "b", 1, 0),
        ]
        assert sum(day.cost_usd or 0 for day in days) == 3

    def test_a_bucket_has_both_outcomes_durations_and_quality(self) -> None:
        (day,) = course(
            engine(
                task(duration_ms=10.0, quality_score=50.0),
                task("failure", duration_ms=30.0, quality_score=100.0),
                task(None, duration_ms=20.0),
            ),
            EVER, "day", "UTC", NOON,
        )  # fmt: skip
        assert (day.tasks, day.successful_tasks, day.failed_tasks, day.success_rate) == (3, 1, 1, 0.5)
        assert (day.task_duration.mean_ms, day.task_duration.median_ms) == (20.0, 20.0)
        assert (day.quality.count, day.quality.mean, day.quality.median) == (2, 75.0, 75.0)
        assert (day.quality.min, day.quality.max) == (50.0, 100.0)

    def test_conditions_choose_what_is_in_it_and_where_it_begins(self) -> None:
        events = engine(call(agent="a"), call(agent="b", hours=48))
        assert [day.label for day in course(events, EVER, "day", "UTC", NOON, parse_filters(["agent=b"]))] == [
            "2026-03-30"
        ]


class TestVitals:
    """The few figures that are looked at first are those that all the figures have among them."""

    EVENTS = (
        *(call(f"0.{at}", hours=at, model=f"m{at % 2}", duration_ms=100.0 * at) for at in range(1, 9)),
        call(None, hours=30),
        *(task("success" if at % 3 else "failure", hours=at, duration_ms=50.0 * at) for at in range(30)),
    )

    @pytest.mark.parametrize("events", [EVENTS, ()], ids=["some", "none"])
    def test_of_a_window(self, events: tuple[Event, ...]) -> None:
        whole = reports.overview(engine(*events), EVER)
        vitals, cost = reports.vitals(engine(*events), EVER), reports.cost(engine(*events), EVER)
        assert [repr(getattr(vitals, name)) for name in vitals.__struct_fields__] == [
            repr(getattr(whole, name)) for name in vitals.__struct_fields__
        ]
        assert (cost.cost_usd, cost.unpriced_calls, cost.first) == (whole.cost_usd, whole.unpriced_calls, whole.first)

    def test_of_each_bucket(self) -> None:
        asked = (engine(*self.EVENTS), EVER, "hour", "Asia/Kathmandu", NOON)
        buckets = course(*asked)
        slots = reports.vitals_over_time(*asked).rows
        assert [(slot.start, slot.label, slot.complete, slot.key) for slot in slots] == [
            (bucket.start, bucket.label, bucket.complete, bucket.key) for bucket in buckets
        ]
        for name in slots[0].of.__struct_fields__:
            assert [repr(getattr(slot.of, name)) for slot in slots] == [repr(getattr(one, name)) for one in buckets]

    def test_of_each_bucket_and_model(self) -> None:
        asked = (engine(*self.EVENTS), EVER, "day", "UTC", NOON)
        assert [
            (slot.key, slot.of.cost_usd, slot.of.unpriced_calls)
            for slot in reports.cost_over_time(*asked, by=("model",)).rows
        ] == [(one.key, one.cost_usd, one.unpriced_calls) for one in course(*asked, by=("model",))]


class TestFilters:
    EVENTS = (
        call("1", agent="a", duration_ms=5.0), call("2", agent="b"), task(agent="a", duration_ms=7.0),
        tool("grep", agent="a"), tool("ls", agent="b"),
    )  # fmt: skip

    def test_every_report_is_about_what_meets_them(self) -> None:
        asked, only = engine(*self.EVENTS), parse_filters(["agent=a"])
        overview = reports.overview(asked, EVER, only)
        assert (overview.calls, overview.tasks, overview.tool_calls, overview.cost_usd) == (1, 1, 1, 1)
        assert [group.cost_usd for group in groups(asked, EVER, ["model"], only)] == [1]
        assert [row.name for row in reports.tools(asked, EVER, only).rows] == ["grep"]
        assert [row.of for row in reports.latency(asked, EVER, only).rows] == ["task", "llm_call"]

    def test_both_sides_of_a_condition_are_all_there_is(self) -> None:
        asked = engine(*self.EVENTS)
        parts = [reports.overview(asked, EVER, parse_filters([text])) for text in ("agent=a", "agent!=a")]
        assert sum(part.events for part in parts) == len(self.EVENTS)


class TestToolsAndLatency:
    def test_tools_have_their_failures_as_a_rate_of_their_calls(self) -> None:
        found = reports.tools(
            engine(tool("grep", duration_ms=2.0), tool("grep", "timeout", duration_ms=4.0), tool("ls")), EVER
        ).rows
        assert [(row.name, row.calls, row.failures, row.failure_rate) for row in found] == [
            ("grep", 2, 1, 0.5),
            ("ls", 1, 0, 0.0),
        ]
        assert found[0].median_ms == 3.0
        assert math.isnan(found[1].p95_ms)

    def test_latency_leaves_out_what_was_not_timed(self) -> None:
        found = reports.latency(engine(task(duration_ms=8.0), task(), call(duration_ms=2.0)), EVER).rows
        assert [(row.of, row.count, row.max_ms) for row in found] == [("task", 1, 8.0), ("llm_call", 1, 2.0)]

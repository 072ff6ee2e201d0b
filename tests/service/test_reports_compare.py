"""Comparing arms: which event counts in which arm of which unit, and what a unit comes to."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agentgauge.engines import Filter
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import QueryError
from agentgauge.events import Event
from agentgauge.service import reports
from agentgauge.service.reports.compare import UnitsArm, UnitsComparison
from agentgauge.service.window import Window
from tests.engines.relation import connection_with

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
EVER = Window()


def event(kind: str, *, hours: float = 0, **fields: Any) -> Event:
    return Event(kind=kind, time=NOON + timedelta(hours=hours), **fields)


def task(outcome: str | None = "success", **fields: Any) -> Event:
    return event("task", **{"name": "turn", "outcome": outcome, **fields})


def call(cost: str | None = "0.5", **fields: Any) -> Event:
    money = {
        "cost_usd": None if cost is None else Decimal(cost),
        "cost_source": "unpriced" if cost is None else "reported",
    }
    return event("llm_call", **{"model": "m1", "input_tokens": 100, "output_tokens": 10, **money, **fields})


def run_start(run: str, **attributes: Any) -> Event:
    return event("mark", name="run_start", run=run, attributes=attributes)


def stated(value: Any, name: str = "experiment") -> dict[str, Any]:
    return {"attributes": {name: value}}


def ask(events: Iterable[Event], by: str = "experiment", metric: str = "success", **how: Any) -> UnitsComparison:
    return reports.compare(DuckDBEngine(connection_with(list(events))), EVER, by=by, metric=metric, **how)


def arms(found: UnitsComparison) -> dict[str, UnitsArm]:
    return {arm.name: arm for arm in found.arms}


def means(found: UnitsComparison) -> dict[str, float]:
    return {arm.name: arm.mean for arm in found.arms}


TWO_ARMS = (
    task(issue="1", **stated("a")),
    task("failure", issue="2", **stated("a")),
    task(issue="3", **stated("b")),
)


class TestArms:
    def test_a_units_events_are_in_the_arm_that_they_state(self) -> None:
        found = ask(TWO_ARMS)
        assert [(arm.name, arm.n, arm.mean) for arm in found.arms] == [("a", 2, 0.5), ("b", 1, 1.0)]

    def test_a_unit_is_in_each_arm_that_its_events_state(self) -> None:
        found = ask([*TWO_ARMS, task("failure", issue="1", **stated("b"))], paired=True)
        assert [(arm.n, arm.mean) for arm in found.arms] == [(2, 0.5), (2, 0.5)]
        assert (found.pairs[0].n_a, found.pairs[0].difference) == (1, 1.0)

    def test_what_is_stated_once_in_a_unit_holds_for_all_of_it(self) -> None:
        events = [
            task(issue="1"),
            call(issue="1", **stated(0.2, "temperature")),
            call(issue="2", **stated(0.9, "temperature")),
            task("failure", issue="2"),
        ]
        assert means(ask(events, "temperature")) == {"0.2": 1.0, "0.9": 0.0}

    def test_what_a_run_states_holds_for_its_units(self) -> None:
        events = [
            run_start("r1", experiment="a"),
            run_start("r2", experiment="b"),
            task(issue="1", run="r1"),
            task("failure", issue="1", run="r2"),
            task(issue="2", run="r2"),
        ]
        assert means(ask(events, paired=True)) == {"a": 1.0, "b": 0.5}

    def test_a_run_may_have_begun_before_the_window(self) -> None:
        events = [run_start("r1", experiment="a"), run_start("r2", experiment="b")]
        events += [task(issue="1", run="r1", hours=5), task("failure", issue="2", run="r2", hours=5)]
        engine = DuckDBEngine(connection_with(events))
        found = reports.compare(engine, Window(NOON + timedelta(hours=1)), by="experiment", metric="success")
        assert means(found) == {"a": 1.0, "b": 0.0}

    def test_a_setting_is_found_in_the_configuration_of_a_run(self) -> None:
        for number, temperature in enumerate((0.2, 0.8)):
            config = {"llm": {"model": "m1", "temperature": temperature}, "execution_mode": f"mode {number}"}
            events = [run_start("r1", config=config), task(issue="1", run="r1")]
            events += [run_start("r2", config={"llm": {"temperature": 0.5}}), task(issue="2", run="r2")]
            assert sorted(means(ask(events, "temperature"))) == sorted(["0.5", str(temperature)])

    def test_configurations_are_named_by_what_differs_between_them(self) -> None:
        events = []
        for run, temperature in (("r1", 0.2), ("r2", 0.8)):
            config = {"llm": {"model": "m1", "temperature": temperature}, "max_retries": 3, "extra": {}}
            events += [run_start(run, config=config), task(issue="1", run=run)]
        assert list(means(ask(events, "config"))) == ["llm.temperature=0.2", "llm.temperature=0.8"]

    def test_a_task_has_the_models_of_the_calls_inside_it(self) -> None:
        events = []
        for issue, models in (("1", ("m1",)), ("2", ("m2",)), ("3", ("m2", "m1"))):
            events.append(task(issue=issue, span_id=f"s{issue}"))
            events += [call(issue=issue, model=model, parent_id=f"s{issue}") for model in models]
        assert {arm.name: arm.n for arm in ask(events, "model").arms} == {"m1": 1, "m1 + m2": 1, "m2": 1}

    def test_a_call_counts_in_the_arm_of_the_task_around_it(self) -> None:
        events = []
        for arm, cost in (("a", "1"), ("b", "3")):
            events.append(task(issue="1", span_id=f"s{arm}", **stated(arm)))
            events.append(event("tool_call", name="ask", issue="1", span_id=f"t{arm}", parent_id=f"s{arm}"))
            events.append(call(cost, issue="1", parent_id=f"t{arm}"))
        assert means(ask(events, metric="cost")) == {"a": 1.0, "b": 3.0}

    def test_a_task_counts_in_the_arm_that_the_calls_inside_it_state(self) -> None:
        events = []
        for temperature, outcome in ((0.2, "success"), (0.9, "failure")):
            events.append(task(outcome, issue="1", span_id=f"s{temperature}"))
            events.append(call(issue="1", parent_id=f"s{temperature}", **stated(temperature, "temperature")))
        assert means(ask(events, "temperature", paired=True)) == {"0.2": 1.0, "0.9": 0.0}

    def test_what_belongs_to_no_arm_or_no_unit_is_counted(self) -> None:
        events = [*TWO_ARMS, task(issue="1"), task(issue="4"), task(**stated("a"))]
        found = ask([*events, task("failure", issue="1", **stated("b"))])
        assert (found.unassigned_events, found.outside_events) == (2, 1), "of issue 1, of issue 4; of none"

    def test_whole_numbers_are_one_arm_however_they_are_written(self) -> None:
        events = [task(issue=str(i), **stated(value, "temperature")) for i, value in enumerate((1, 1.0, "1.0", 0.5))]
        assert {arm.name: arm.n for arm in ask(events, "temperature").arms} == {"0.5": 1, "1": 3}

    def test_issues_of_two_projects_are_two(self) -> None:
        events = [task(issue="1", project=project, **stated(arm)) for project in "pq" for arm in "ab"]
        found = ask(events, paired=True)
        assert [arm.n for arm in found.arms] == [2, 2]
        assert found.pairs[0].n_a == 2

    def test_arms_may_be_chosen_and_come_in_that_order(self) -> None:
        events = [task(issue=arm, **stated(arm)) for arm in "abcd"]
        assert [arm.name for arm in ask(events, arms=["d", "b"]).arms] == ["d", "b"]


class TestMetrics:
    def test_success_is_the_outcome_of_the_last_task(self) -> None:
        events = [
            *TWO_ARMS,
            task("failure", issue="1", hours=2, run="r2", **stated("a")),
            task(issue="2", hours=1, **stated("a")),
            task(None, issue="2", hours=3, **stated("a")),
        ]
        found = ask(events)
        assert (found.kind, found.of_unit) == ("binary", "outcome of its last task")
        assert means(found) == {"a": 0.5, "b": 1.0}

    def test_cost_and_tokens_are_sums_over_the_calls_of_a_unit(self) -> None:
        events = [call("0.5", issue="1"), call("0.25", issue="1", hours=1), call("1", issue="2", model="m2")]
        assert means(ask(events, "model", "cost")) == {"m1": 0.75, "m2": 1.0}
        assert means(ask(events, "model", "tokens")) == {"m1": 220.0, "m2": 110.0}

    def test_a_unit_with_an_unpriced_call_has_no_cost(self) -> None:
        events = [call("0.5", issue="1"), call(None, issue="1"), call("1", issue="2"), call("1", issue="3", model="m2")]
        (first, second) = ask(events, "model", "cost").arms
        assert (first.n, first.mean, first.without, first.unpriced) == (1, 1.0, 1, 1)
        assert (second.n, second.without, second.unpriced) == (1, 0, 0)

    def test_a_unit_without_a_call_has_no_cost_rather_than_none(self) -> None:
        events = [*TWO_ARMS, call("2", issue="1", **stated("a")), call("4", issue="3", **stated("b"))]
        found = arms(ask(events, metric="cost"))
        assert (found["a"].n, found["a"].mean, found["a"].without, found["a"].unpriced) == (1, 2.0, 1, 0)

    def test_duration_is_the_sum_of_a_units_tasks(self) -> None:
        events = [task(issue="1", duration_ms=ms, **stated("a")) for ms in (100.0, 50.0)]
        found = ask([*events, task(issue="2", duration_ms=10.0, **stated("b"))], metric="duration")
        assert means(found) == {"a": 150.0, "b": 10.0}
        assert (found.metric_unit, found.lower_is_better) == ("ms", True)

    def test_cost_per_success_counts_what_failed_units_cost(self) -> None:
        events = []
        for issue, arm, outcome, cost in (
            ("1", "a", "success", "1"),
            ("2", "a", "failure", "3"),
            ("3", "b", "success", "2"),
        ):
            events += [task(outcome, issue=issue, **stated(arm)), call(cost, issue=issue, **stated(arm))]
        found = ask(events, metric="cost_per_success")
        assert means(found) == {"a": 4.0, "b": 2.0}
        assert (found.kind, found.metric_unit) == ("ratio", "USD")

    def test_other_metrics_are_means_over_a_unit_and_never_means_of_all_events(self) -> None:
        scores = [task(issue="1", quality_score=score, **stated("a")) for score in (10.0, 20.0, 30.0)]
        scores += [
            task(issue="2", quality_score=80.0, **stated("a")),
            task(issue="3", quality_score=5.0, **stated("b")),
        ]
        assert means(ask(scores, metric="quality")) == {"a": 50.0, "b": 5.0}

    def test_error_rate_is_the_share_of_failed_tasks(self) -> None:
        events = [task(outcome, issue="1", **stated("a")) for outcome in ("success", "timeout", "error", "success")]
        assert means(ask([*events, TWO_ARMS[2]], metric="error_rate")) == {"a": 0.5, "b": 0.0}

    def test_measurements_satisfaction_and_attributes_are_metrics(self) -> None:
        events = []
        for issue, arm, value in (("1", "a", 2.0), ("1", "a", 4.0), ("2", "b", 9.0)):
            events.append(event("measurement", name="recall", value=value, issue=issue, **stated(arm)))
            events.append(event("satisfaction", value=value / 10, issue=issue, **stated(arm)))
            events.append(task(issue=issue, attributes={"experiment": arm, "retries": value, "note": "text"}))
        assert means(ask(events, metric="recall")) == {"a": 3.0, "b": 9.0}
        assert means(ask(events, metric="satisfaction")) == pytest.approx({"a": 0.3, "b": 0.9})
        assert means(ask(events, metric="attributes.retries")) == {"a": 3.0, "b": 9.0}
        assert all(math.isnan(mean) for mean in means(ask(events, metric="attributes.note")).values())

    def test_filters_choose_the_events_that_figures_are_of(self) -> None:
        events = [*TWO_ARMS, task(issue="2", hours=1, agent="reviewer", **stated("a"))]
        assert means(ask(events))["a"] == 1.0
        assert means(ask(events, filters=[Filter("agent", "!=", "reviewer")]))["a"] == 0.5

    def test_a_filter_of_the_model_finds_tasks_by_their_calls(self) -> None:
        events = []
        for issue, arm, model in (("1", "a", "m1"), ("2", "a", "m2"), ("3", "b", "m1"), ("4", "b", "m2")):
            outcome = "success" if model == "m1" else "failure"
            events.append(task(outcome, issue=issue, span_id=issue, **stated(arm)))
            events.append(call(issue=issue, parent_id=issue, model=model))
        assert means(ask(events, filters=[Filter("model", "=", "m1")])) == {"a": 1.0, "b": 1.0}


class TestUnits:
    @pytest.mark.parametrize("unit", ["run", "session", "ticket", "user", "team", "work_item"])
    def test_units_are_any_column_of_the_scope(self, unit: str) -> None:
        column = "ticket" if unit == "work_item" else unit
        events = [task(**{column: "1"}, **stated("a")), task(**{column: "2"}, **stated("b"))]
        found = ask(events, unit=unit)
        assert (found.unit, [arm.n for arm in found.arms]) == (unit, [1, 1])

    def test_units_are_traces_and_attributes_too(self) -> None:
        events = [task(trace_id=arm, attributes={"experiment": arm, "patch": f"p{i}"}) for i, arm in enumerate("aab")]
        assert [arm.n for arm in ask(events, unit="trace").arms] == [1, 1]
        assert [arm.n for arm in ask(events, unit="patch").arms] == [2, 1]

    def test_runs_may_be_the_arms_of_issues(self) -> None:
        events = [task("success" if run == "r1" else "failure", issue=i, run=run) for run in ("r1", "r2") for i in "12"]
        assert means(ask(events, "run", paired=True)) == {"r1": 1.0, "r2": 0.0}


class TestRefusals:
    @pytest.mark.parametrize(
        ("how", "message"),
        [
            ({"by": "experimnt"}, "'experimnt'"),
            ({"by": "model"}, "model"),
            ({"unit": "ticket"}, "ticket"),
            ({"unit": "experiment"}, "each experiment"),
            ({"metric": "recal"}, "'recal'"),
            ({"metric": "cost_usd_per_day"}, "cost_usd_per_day"),
            ({"arms": ["a", "x"]}, "'x'.*a, b"),
            ({"arms": ["a"]}, "only a"),
            ({"confidence": 95}, "95"),
        ],
    )
    def test_what_cannot_be_asked_says_what_can(self, how: dict[str, Any], message: str) -> None:
        with pytest.raises(QueryError, match=message):
            ask(TWO_ARMS, **how)

    def test_many_arms_are_to_be_chosen_from(self) -> None:
        with pytest.raises(QueryError, match=r"25 values; name up to 20"):
            ask([task(issue="1", **stated(f"arm {i:02}")) for i in range(25)])

    def test_of_nothing_there_is_nothing_to_compare(self) -> None:
        with pytest.raises(QueryError, match="nothing is recorded"):
            ask([])

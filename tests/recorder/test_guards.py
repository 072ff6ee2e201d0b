"""What recording does for budgets: whom it tells of what, and when it raises."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge import operations, runs, sessions
from agentgauge.errors import BudgetExceeded
from agentgauge.events import Event
from agentgauge.recorder import Gauge
from agentgauge.recorder.guards import AsOne, Charged
from tests.recorder.reading import events


class Limit:
    """Told of events; stops at a number of dollars."""

    def __init__(self, usd: str = "1000") -> None:
        self.told: list[Event] = []
        self._usd = Decimal(usd)

    def charge(self, event: Event) -> None:
        self.told.append(event)
        if event.cost_usd and sum(each.cost_usd or Decimal(0) for each in self.told) > self._usd:
            raise BudgetExceeded("too much", budget="test")


def guarded(gauge: Gauge, *guards: Charged) -> None:
    gauge._current.set(gauge._current.get().guarded_by(guards))


def test_a_guard_is_told_of_each_event_as_a_reader_will_see_it(gauge: Gauge, home: Path) -> None:
    limit = Limit()
    with gauge.scope(run="r1"):
        guarded(gauge, limit)
        gauge.llm_call("m", "p", 10, 2, cost_usd=0.25, duration_ms=7)
        gauge.llm_call("m", "p", 10, 2, cost_usd="0.1234", tier="batch", ticket="T")
        with gauge.span("s", agent="a"), gauge.scope(mine=1):
            gauge.tool_call("t", cost_usd=1)
        gauge.record(Event(kind="task", time=limit.told[0].time, name="whole"))
        gauge.llm_call("m", input_tokens=-1)
    gauge.llm_call("m")
    assert limit.told == events(home)[:5]
    assert gauge.health().refused == {"negative tokens": 1}


def test_all_guards_are_told_and_the_innermost_raises(gauge: Gauge, home: Path) -> None:
    outer, inner = Limit("1"), Limit("0.5")
    guarded(gauge, outer, inner)
    for _ in range(2):
        with pytest.raises(BudgetExceeded):
            gauge.llm_call("m", cost_usd=2)
    assert outer.told == inner.told == events(home)


def test_what_is_recorded_as_one_is_recorded_before_it_raises(gauge: Gauge, home: Path) -> None:
    guarded(gauge, Limit("0"))

    def three_calls() -> None:
        with AsOne():
            gauge.llm_call("m", cost_usd=1)
            with AsOne():
                gauge.llm_call("m", cost_usd=1)
            gauge.llm_call("m", cost_usd=1)

    def a_call_and_an_error() -> None:
        with AsOne():
            gauge.llm_call("m", cost_usd=1)
            raise ZeroDivisionError

    with pytest.raises(BudgetExceeded):
        three_calls()
    with pytest.raises(ZeroDivisionError):
        a_call_and_an_error()
    assert len(events(home)) == 4


def test_narrowing_inside_a_guard_keeps_no_guard_alive(gauge: Gauge) -> None:
    scope = gauge._current.get()
    first = scope.guarded_by((Limit(),)).narrowed({"agent": "a", "span_id": "s"})
    second = scope.guarded_by((Limit(),)).narrowed({"agent": "a"})
    assert first.origin is second.origin
    assert first.origin.guards == ()
    assert first.guards != second.guards


# The other vocabularies


def test_a_run_shows_the_call_that_went_past_the_limit(gauge: Gauge, home: Path) -> None:
    collector = runs.MetricsCollector("r1", gauge=gauge)
    guarded(gauge, Limit("0.5"))
    with pytest.raises(BudgetExceeded):
        collector.record_token_usage(10, 2, "m", cost_usd=0.75)
    assert collector.run_metrics.total_cost_usd == 0.75
    tracked = runs.MetricsContext(collector)

    def fail_in_a_tool() -> None:
        with tracked.track_tool_call("search") as call:
            call.cost_usd = 1
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_in_a_tool()
    assert [event.cost_usd for event in events(home) if event.kind == "tool_call"] == [1]


def test_a_session_keeps_all_calls_of_an_invocation(gauge: Gauge, home: Path) -> None:
    collector = sessions.MetricsCollector("s1", gauge=gauge)
    guarded(gauge, Limit("0"))
    usage = sessions.TokenUsage(input_tokens=10, output_tokens=2, cost_usd=0.75)
    with pytest.raises(BudgetExceeded):
        collector.record_from_result(sessions.AgentResult(model="m", usage=usage), "coder", "chat")
    assert collector.get_summary().total_cost == 0.75


def test_an_operation_counts_the_call_that_went_past_the_limit(gauge: Gauge) -> None:
    collector = operations.MetricsCollector(gauge=gauge)
    guarded(gauge, Limit("0.5"))
    with pytest.raises(BudgetExceeded), collector.operation_context("chat") as operation:
        collector.record_token_usage(operation, 10, 2, "m", cost_usd=0.75)
    assert collector.get_session_summary().total_cost == 0.75


def test_the_package_names_the_guard_and_nothing_that_there_is_not() -> None:
    assert agentgauge.BudgetGuard.__name__ == "BudgetGuard"
    with pytest.raises(AttributeError, match="no attribute 'Budget'"):
        agentgauge.Budget  # noqa: B018 - asked for

"""What a collector puts into the stream."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

import agentgauge
from agentgauge.sessions import EventType, MetricsCollector, TokenUsage, stream_summary
from tests.recorder.reading import events
from tests.sessions.making import DAY, event, mark, result


def test_an_invocation_is_a_task_and_within_it_a_model_call(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector("feature-auth-123", gauge=gauge)
    collector.record_from_result(result(), "interview", "ask_question", ticket_id="PROJ-456")
    task, call = events(home)
    assert (task.kind, call.kind) == ("task", "llm_call")
    assert (task.name, task.duration_ms, task.outcome) == ("ask_question", 1500, "success")
    for of in (task, call):
        assert (of.role, of.agent, of.operation) == ("interview", "interview", "ask_question")
        assert (of.session, of.ticket) == ("feature-auth-123", "PROJ-456")
    assert call.parent_id == task.span_id != None  # noqa: E711
    assert (call.model, call.provider, call.input_tokens, call.output_tokens) == (
        "claude-sonnet-4-5",
        "anthropic",
        100,
        50,
    )
    assert (call.cost_usd, call.cost_source, call.duration_ms) == (Decimal("0.01"), "reported", None)
    assert (task.input_tokens, task.cost_usd) == (0, None)


def test_everything_that_a_result_says_is_kept(gauge: agentgauge.Gauge, home: Path) -> None:
    used = TokenUsage(
        input_tokens=100,
        output_tokens=50,
        cache_read_tokens=60,
        cache_write_5m_tokens=10,
        cache_write_1h_tokens=5,
        reasoning_tokens=20,
    )
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(
        result(usage=used, agent_name="ada", requests=3, tier="batch", response_id="r-1", is_error=True),
        "review",
        "code_review",
        metadata={"branch": "main", "requests": "mine"},
        developer="bob",
        team="checkout",
        project="shop",
    )
    task, call = events(home)
    assert (task.agent, task.role, task.user, task.team, task.project) == ("ada", "review", "bob", "checkout", "shop")
    assert (task.session, task.outcome, call.outcome, call.cost_usd, call.tier) == (
        None,
        "error",
        "error",
        None,
        "batch",
    )
    assert call.usage == agentgauge.Usage(100, 50, 60, 10, 5, 20)
    given = {"branch": "main", "metadata.requests": "mine", "response_id": "r-1"}
    assert task.attributes == given
    assert call.attributes == given | {"requests": 3}
    (shown,) = collector.get_events()
    assert shown.usage == used
    assert (shown.agent_name, shown.user, shown.team, shown.project) == ("ada", "bob", "checkout", "shop")
    assert (shown.metadata, shown.requests, shown.outcome) == ({"branch": "main", "requests": "mine"}, 3, "error")


def test_what_the_caller_says_wins_over_the_result(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(result(), "review", "check", user="ada", duration_ms=20.5, outcome="timeout")
    task, call = events(home)
    assert (task.duration_ms, task.outcome, call.outcome, task.user) == (20.5, "timeout", "timeout", "ada")


def test_starts_and_ends_are_marks_and_use_nothing(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector("s-1", gauge=gauge)
    for kind in (EventType.SESSION_START, EventType.TICKET_START, EventType.TICKET_END, EventType.SESSION_END):
        collector.record_event(mark(kind, duration_ms=5000 if kind is EventType.SESSION_END else 0))
    kept = events(home)
    assert [(one.kind, one.name) for one in kept] == [
        ("mark", "session_start"),
        ("mark", "ticket_start"),
        ("mark", "ticket_end"),
        ("mark", "session_end"),
    ]
    assert [one.duration_ms for one in kept] == [None, None, None, 5000]
    assert {(one.role, one.session, one.model, one.span_id) for one in kept} == {("system", "s-1", None, None)}
    assert collector.get_summary().unpriced_calls == 0


def test_a_mark_that_used_something_has_a_call(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_event(
        mark(EventType.TICKET_END, usage=TokenUsage(input_tokens=10), model="gpt-4o", outcome="failure")
    )
    ended, call = events(home)
    assert (ended.kind, ended.outcome, call.kind, call.model, call.input_tokens) == (
        "mark",
        "failure",
        "llm_call",
        "gpt-4o",
        10,
    )
    assert call.parent_id == ended.span_id


def test_an_invocation_of_no_model_is_a_task_alone(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_event(event(model="n/a", provider="n/a", usage=TokenUsage()))
    (task,) = events(home)
    assert task.kind == "task"
    collector.record_event(event(model="n/a", provider="n/a", usage=TokenUsage(input_tokens=7)))
    _, _, call = events(home)
    assert (call.model, call.provider, call.input_tokens) == ("unknown", None, 7)
    assert collector.get_summary().unpriced_calls == 1


def test_an_event_keeps_its_time(gauge: agentgauge.Gauge, home: Path) -> None:
    MetricsCollector(gauge=gauge).record_event(event())
    assert {one.time for one in events(home)} == {DAY}


def test_the_session_is_none_unless_given_or_set(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with agentgauge.open(home) as gauge:
        MetricsCollector(gauge=gauge).record_from_result(result(), "review", "check")
    assert {one.session for one in events(home)} == {None}
    monkeypatch.setenv("METRICS_SESSION_ID", "from-environment")
    with agentgauge.open(home) as gauge:
        collector = MetricsCollector(gauge=gauge)
        collector.record_from_result(result(), "review", "check")
    assert [one.session_id for one in collector.get_events()] == ["from-environment"]


def test_an_event_that_names_a_session_stays_in_it_and_in_the_collector(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector("s-1", gauge=gauge)
    collector.record_event(event(session_id="s-2"))
    assert {one.session for one in events(home)} == {"s-2"}
    assert collector.get_summary().total_events == 1


def test_the_scope_around_counts(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector(gauge=gauge)
    with gauge.scope(ticket="PROJ-1", project="shop"), gauge.span("outer") as outer:
        collector.record_from_result(result(), "review", "check")
        collector.record_event(event(project="till"))
    assert [(one.ticket_id, one.project) for one in collector.filter_by_ticket_id("PROJ-1")] == [
        ("PROJ-1", "shop"),
        ("PROJ-1", "till"),
    ]
    tasks = [one for one in events(home) if one.kind == "task" and one.name != "outer"]
    assert {one.parent_id for one in tasks} == {outer.span_id}
    assert {one.trace_id for one in events(home)} == {outer.trace_id}


def test_an_event_changed_to_a_naive_time_is_of_utc(gauge: agentgauge.Gauge, home: Path) -> None:
    changed = event(usage=TokenUsage(input_tokens=1000))
    changed.timestamp = DAY.replace(tzinfo=None)
    collector = MetricsCollector(gauge=gauge)
    collector.record_event(changed)
    assert {one.time for one in events(home)} == {DAY}
    assert collector.get_summary() == stream_summary(gauge=gauge)

"""What a collector puts into the stream, and what it shows."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import agentgauge
from agentgauge.sessions import AgentResult, EventType, MetricsCollector, MetricsEvent, TokenUsage, stream_summary
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
        result(
            usage=used, agent_name="ada", requests=3, tier="batch", response_id="r-1", is_error=True, session_id="s"
        ),
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
        "s",
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
    assert {(one.role, one.session, one.model) for one in kept} == {("system", "s-1", None)}
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


def test_events_are_found_by_role_and_by_ticket(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(result(), "interview", "ask", ticket_id="A")
    collector.record_event(event(agent_role="review", ticket_id="A"))
    collector.record_event(event(agent_role="review", ticket_id="B"))
    assert [one.agent_role for one in collector.filter_by_ticket_id("A")] == ["interview", "review"]
    assert [one.ticket_id for one in collector.filter_by_agent_role("review")] == ["A", "B"]
    assert collector.filter_by_ticket_id("C") == collector.filter_by_agent_role("C") == []


def test_clear_forgets_here_and_nowhere_else(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(result(), "review", "check")
    collector.clear()
    assert (collector.get_events(), collector.get_summary().total_events) == ([], 0)
    assert len(events(home)) == 2


def test_older_events_are_in_the_summary_only(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector(gauge=gauge, most_held=10)
    for number in range(25):
        collector.record_from_result(result(usage=TokenUsage(input_tokens=number)), "review", f"step-{number}")
    assert [one.operation for one in collector.get_events()] == [f"step-{number}" for number in range(15, 25)]
    summary = collector.get_summary()
    assert (summary.total_events, summary.total_tokens, len(summary.by_operation)) == (25, sum(range(25)), 25)
    assert collector.get_summary() == summary


def test_an_object_with_the_fields_of_a_result_is_one(gauge: agentgauge.Gauge, home: Path) -> None:
    used = SimpleNamespace(input_tokens=5, output_tokens=7, cost_usd=0.25)
    theirs = SimpleNamespace(output="x", usage=used, model="gpt-4o", provider="openai", duration_ms=12)
    MetricsCollector(gauge=gauge).record_from_result(theirs, "review", "check")
    task, call = events(home)
    assert (task.duration_ms, call.input_tokens, call.output_tokens, call.cost_usd) == (12, 5, 7, Decimal("0.25"))


class _Broken:
    @property
    def usage(self) -> object:
        raise ValueError("no")

    model = provider = duration_ms = usage


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (object(), "unknown result"),
        (None, "unknown result"),
        ("text", "unknown result"),
        (SimpleNamespace(usage=None, model="m", provider="p", duration_ms=1), "unusable value"),
        (_Broken(), "unusable value"),
    ],
)
def test_a_result_that_cannot_be_read_is_counted(gauge: agentgauge.Gauge, home: Path, given: Any, reason: str) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(given, "review", "check")
    assert gauge.health().refused == {reason: 1}
    assert (events(home), collector.get_events()) == ([], [])


@pytest.mark.parametrize(
    "odd",
    [
        {"agent_role": object()},
        {"agent_role": None},
        {"operation": None},
        {"operation": ""},
        {"ticket_id": 12},
        {"ticket_id": ["a"]},
        {"metadata": {"x": object()}},
        {"metadata": [1]},
        {"duration_ms": "long"},
        {"duration_ms": -1},
        {"outcome": "splendid"},
        {"user": 1.5},
    ],
    ids=str,
)
def test_odd_arguments_never_raise_and_what_is_not_kept_is_counted(
    gauge: agentgauge.Gauge, odd: dict[str, Any]
) -> None:
    collector = MetricsCollector(gauge=gauge)
    arguments = {"agent_role": "review", "operation": "check"} | odd
    collector.record_from_result(result(), **arguments)
    shown, health = len(collector.get_events()), gauge.health()
    assert shown + sum(health.refused.values()) >= 1
    assert collector.get_summary().total_events == shown


@pytest.mark.parametrize("given", [None, "text", object(), {"event_type": "agent_invocation"}])
def test_what_is_no_event_is_counted(gauge: agentgauge.Gauge, given: Any) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_event(given)
    assert sum(gauge.health().refused.values()) == 1
    assert collector.get_events() == []


def test_switched_off_nothing_happens(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AGENTGAUGE_DISABLED", "1")
    collector = MetricsCollector(gauge=agentgauge.open(tmp_path / "home"))
    collector.record_from_result(result(), "review", "check")
    collector.record_event(event())
    collector.clear()
    assert (collector.get_events(), collector.get_summary().total_events) == ([], 0)
    assert list(tmp_path.iterdir()) == []


def test_threads_share_a_collector(gauge: agentgauge.Gauge) -> None:
    collector, start = MetricsCollector(gauge=gauge, most_held=50), threading.Barrier(4)

    def work(worker: int) -> None:
        start.wait()
        for _ in range(100):
            collector.record_from_result(result(), f"worker-{worker}", "step")
            collector.get_summary()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    summary = collector.get_summary()
    assert (summary.total_events, summary.total_cost) == (400, 4.0)
    assert {role: group["events"] for role, group in summary.by_agent_role.items()} == {
        f"worker-{worker}": 100 for worker in range(4)
    }


def test_a_result_of_no_model_that_used_nothing_is_a_task_alone(gauge: agentgauge.Gauge, home: Path) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(AgentResult(), "review", "check")
    (task,), (shown,) = events(home), collector.get_events()
    assert (task.kind, task.duration_ms) == ("task", None)
    assert (shown.model, shown.provider, shown.usage, shown.duration_ms) == ("n/a", "n/a", TokenUsage(), 0)


def test_events_shown_are_whole(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(result(), "review", "check")
    (shown,) = collector.get_events()
    assert MetricsEvent.model_validate_json(shown.model_dump_json()) == shown


def _of_anthropic() -> object:
    from anthropic.types import Message, TextBlock, Usage

    used = Usage(input_tokens=40, output_tokens=50, cache_read_input_tokens=60, cache_creation_input_tokens=0)
    return Message(
        id="msg_1",
        content=[TextBlock(type="text", text="x")],
        model="claude-sonnet-4-5",
        role="assistant",
        type="message",
        usage=used,
    )


def _of_openai() -> object:
    from openai.types.chat import ChatCompletion

    return ChatCompletion.model_validate(
        {
            "id": "msg_1",
            "choices": [],
            "created": 0,
            "model": "gpt-4o",
            "object": "chat.completion",
            "usage": {
                "prompt_tokens": 100,
                "completion_tokens": 50,
                "total_tokens": 150,
                "prompt_tokens_details": {"cached_tokens": 60},
            },
        }
    )


@pytest.mark.parametrize("made", [_of_anthropic, _of_openai])
def test_a_providers_own_answer_is_taken_as_it_is(
    gauge: agentgauge.Gauge, home: Path, made: Callable[[], object]
) -> None:
    """Anthropic's input leaves out what was cached, OpenAI's does not."""
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(made(), "review", "check")
    _, call = events(home)
    assert (call.input_tokens, call.output_tokens, call.cache_read_tokens) == (100, 50, 60)
    assert call.attributes == {"response_id": "msg_1"}
    assert collector.get_summary() == stream_summary(gauge=gauge)
    assert collector.get_summary().unpriced_calls == 0


def test_a_result_of_several_models_has_a_call_of_each(gauge: agentgauge.Gauge, home: Path) -> None:
    shares = {"claude-sonnet-4-5": (1000, 0.02), "claude-haiku-4-5": (10, 0.001)}
    theirs = {
        "type": "result",
        "subtype": "success",
        "duration_ms": 2500,
        "duration_api_ms": 2000,
        "is_error": False,
        "num_turns": 3,
        "session_id": "sdk-1",
        "total_cost_usd": 0.021,
        "usage": {"input_tokens": 1010, "output_tokens": 0},
        "modelUsage": {
            model: {"inputTokens": tokens, "outputTokens": 0, "costUSD": cost}
            for model, (tokens, cost) in shares.items()
        },
    }
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(theirs, "coding", "implement")
    task, *calls = events(home)
    assert (task.duration_ms, task.session) == (2500, "sdk-1")
    assert {call.model: (call.input_tokens, float(call.cost_usd or 0)) for call in calls} == shares
    assert {call.parent_id for call in calls} == {task.span_id}
    (shown,) = collector.get_events()
    assert (shown.model, shown.usage.input_tokens, shown.usage.cost_usd) == ("claude-sonnet-4-5", 1010, 0.021)
    assert collector.get_summary() == stream_summary(gauge=gauge)


def test_an_event_changed_to_a_naive_time_is_of_utc(gauge: agentgauge.Gauge, home: Path) -> None:
    changed = event(usage=TokenUsage(input_tokens=1000))
    changed.timestamp = DAY.replace(tzinfo=None)
    collector = MetricsCollector(gauge=gauge)
    collector.record_event(changed)
    assert {one.time for one in events(home)} == {DAY}
    assert collector.get_summary() == stream_summary(gauge=gauge)


def test_a_summary_has_no_usage_that_the_stream_refused(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_event(event(usage=TokenUsage(input_tokens=5, cost_usd=2_000_000)))
    collector.record_from_result(result(usage=TokenUsage(input_tokens=5, cost_usd=2_000_000)), "review", "check")
    assert gauge.health().refused == {"out of range": 2}
    assert collector.get_summary() == stream_summary(gauge=gauge)
    assert (collector.get_summary().total_events, collector.get_summary().total_tokens) == (2, 0)


def test_what_a_hook_hides_is_hidden_in_the_view_too(home: Path) -> None:
    with agentgauge.open(home, redact=lambda attributes: {**attributes, "secret": "-"}) as gauge:
        collector = MetricsCollector(gauge=gauge)
        collector.record_from_result(result(), "review", "check", metadata={"secret": "x"})
        collector.record_event(event(metadata={"secret": "x"}))
    assert {one.attributes["secret"] for one in events(home) if one.attributes} == {"-"}
    assert collector.get_events()[0].metadata == {"secret": "-"}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_records_and_sums_up_whatever_the_parent_was_doing(gauge: agentgauge.Gauge, home: Path) -> None:
    collector, held, done = MetricsCollector(gauge=gauge), threading.Event(), threading.Event()

    def sum_up_slowly() -> None:
        with collector._folding:
            held.set()
            done.wait()

    thread = threading.Thread(target=sum_up_slowly)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        collector.record_from_result(result(), "review", "check")
        os._exit(collector.get_summary().total_events)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 1
    assert [one.kind for one in events(home)] == ["task", "llm_call"]

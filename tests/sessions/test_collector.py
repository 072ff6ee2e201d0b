"""What a collector shows of what was recorded through it, and what it bears."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.sessions import MetricsCollector, MetricsEvent, TokenUsage, stream_summary
from agentgauge.sessions.results import running_totals
from tests.recorder.reading import events
from tests.sessions.making import event, result


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


def test_events_shown_are_whole(gauge: agentgauge.Gauge) -> None:
    collector = MetricsCollector(gauge=gauge)
    collector.record_from_result(result(), "review", "check")
    (shown,) = collector.get_events()
    assert MetricsEvent.model_validate_json(shown.model_dump_json()) == shown


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


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_a_forked_child_records_and_sums_up_whatever_the_parent_was_doing(gauge: agentgauge.Gauge, home: Path) -> None:
    collector, held, done = MetricsCollector(gauge=gauge), threading.Event(), threading.Event()

    def sum_up_slowly() -> None:
        with collector._folding, running_totals(gauge)._lock:
            held.set()
            done.wait()

    thread = threading.Thread(target=sum_up_slowly)
    thread.start()
    held.wait()
    child = os.fork()
    if child == 0:
        collector.record_from_result({"session_id": "s", "total_cost_usd": 0.25, "uuid": "u"}, "review", "check")
        os._exit(collector.get_summary().total_events)
    _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 1
    assert [one.kind for one in events(home)] == ["task", "llm_call"]

"""pi: a real session to the last token and cent, and what its entries become."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from agentgauge.events.validation import check
from agentgauge.integrations.agent_logs import read
from tests.integrations.logs import DEMO, LONG_AFTER, at, events, log, of_kind

SESSION = {"type": "session", "version": 3, "id": "0d3f8c1a-session", "timestamp": at(0), "cwd": "/home/someone/shop"}


def entry(seconds: float, **message: Any) -> dict[str, Any]:
    return {"type": "message", "id": f"e{seconds}", "timestamp": at(seconds), "message": message}


def answered(
    seconds: float, started: float, *content: dict[str, Any], stop: str = "stop", cost: float = 0.01, **more: Any
) -> dict[str, Any]:
    usage = {"input": 3, "output": 7, "cacheRead": 100, "cacheWrite": 20, "cost": {"total": cost}}
    began = (LONG_AFTER - timedelta(days=1) + timedelta(seconds=started)).timestamp() * 1000
    return entry(
        seconds,
        role="assistant",
        content=list(content),
        provider="anthropic",
        model="claude-opus-4-5",
        usage=usage,
        stopReason=stop,
        timestamp=began,
        **more,
    )


def test_the_recorded_session_gives_exactly_the_figures_that_pi_counted() -> None:
    reading = read("pi", DEMO, now=LONG_AFTER)
    calls = of_kind(reading, "llm_call")
    assert len(calls) == 484
    assert sum(call.cache_read_tokens for call in calls) == 54_693_675
    assert sum(call.output_tokens for call in calls) == 187_895
    assert sum(call.cache_write_5m_tokens for call in calls) == 1_685_320
    fresh = (call.input_tokens - call.cache_read_tokens - call.cache_write_5m_tokens for call in calls)
    assert sum(fresh) == 3_689
    cost = sum((call.cost_usd or Decimal(0) for call in calls), Decimal(0))
    assert cost == Decimal("42.5959075")
    assert {call.cost_source for call in calls} == {"reported"}
    tools = Counter(event.name for event in of_kind(reading, "tool_call"))
    assert tools == {"bash": 206, "edit": 125, "read": 107, "write": 16}
    assert len(of_kind(reading, "task")) == 55
    assert not reading.broken
    assert reading.unsettled == 0


def test_every_event_of_the_recorded_session_keeps_the_rules_of_its_kind() -> None:
    for event in read("pi", DEMO, now=LONG_AFTER).events:
        check(event)


def test_what_was_aborted_or_refused_is_a_call_of_that_outcome() -> None:
    reading = read("pi", DEMO, now=LONG_AFTER)
    assert Counter(call.outcome for call in of_kind(reading, "llm_call")) == {
        "success": 465,
        "interrupted": 18,
        "error": 1,
    }
    (error,) = of_kind(reading, "error")
    assert (error.error_type, error.severity, error.error_message) == ("invalid_request_error", "error", None)


def test_a_shifted_session_keeps_its_identities_and_distances() -> None:
    plain = read("pi", DEMO, now=LONG_AFTER)
    moved = read("pi", DEMO, now=LONG_AFTER, shift=LONG_AFTER - plain.events[-1].time)
    assert moved.events[-1].time == LONG_AFTER
    assert moved.unsettled == 0
    assert [event.source_id for event in moved.events] == [event.source_id for event in plain.events]
    assert [event.duration_ms for event in moved.events] == [event.duration_ms for event in plain.events]


def test_calls_and_tools_belong_to_the_turn_of_the_user_message_before_them(tmp_path: Path) -> None:
    call = {"type": "toolCall", "id": "c1", "name": "bash", "arguments": {"command": "rm -rf secret"}}
    lines = [
        SESSION,
        entry(1, role="user", content="secret"),
        answered(4, 1.5, call, stop="toolUse"),
        entry(6, role="toolResult", toolCallId="c1", toolName="bash", isError=True, content=[]),
        answered(9, 6, {"type": "text", "text": "secret"}),
        entry(20, role="user", content="again"),
        answered(21, 20, stop="aborted"),
    ]
    reading = read("pi", log(tmp_path, lines), now=LONG_AFTER)
    first, second = of_kind(reading, "task")
    assert (first.outcome, first.duration_ms, first.project, first.agent) == ("success", 8000.0, "shop", "pi")
    assert second.outcome == "interrupted"
    (bash,) = of_kind(reading, "tool_call")
    assert (bash.outcome, bash.duration_ms, bash.parent_id) == ("failure", 2000.0, first.span_id)
    calls = of_kind(reading, "llm_call")
    assert [call.duration_ms for call in calls] == [2500.0, 3000.0, 1000.0]
    assert [call.parent_id for call in calls] == [first.span_id, first.span_id, second.span_id]
    assert {call.trace_id for call in calls} == {first.trace_id, second.trace_id}
    assert "secret" not in repr(reading.events)


def test_a_price_of_zero_for_used_tokens_is_an_unknown_price(tmp_path: Path) -> None:
    path = log(tmp_path, [SESSION, entry(1, role="user"), answered(2, 1, cost=0), answered(3, 2, cost=0.1 + 0.2)])
    unknown, known = events("pi", path, "llm_call")
    assert (unknown.cost_usd, unknown.cost_source) == (None, None)
    assert known.cost_usd == Decimal("0.300000000000")


def test_calls_that_a_fork_copies_have_the_identity_they_were_paid_under(tmp_path: Path) -> None:
    lines = [entry(1, role="user"), answered(2, 1)]
    own = log(tmp_path, [SESSION, *lines], "own.jsonl")
    fork_header = {**SESSION, "id": "another-session-id", "parentSession": str(own)}
    fork = log(tmp_path, [fork_header, *lines, answered(30, 29)], "fork.jsonl")
    paid = {call.source_id for call in events("pi", own, "llm_call")}
    copied_and_new = {call.source_id for call in events("pi", fork, "llm_call")}
    assert len(copied_and_new) == 2
    assert paid < copied_and_new

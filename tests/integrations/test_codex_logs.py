"""Codex: running totals become calls, task events become turns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agentgauge.integrations.agent_logs import read
from tests.integrations.logs import EXCERPTS, LONG_AFTER, codex, events, log, of_kind, token_count

META = codex(0, "session_meta", id="0199aaaa-session-one", cwd="C:\\work\\shop", model_provider="openai", source="cli")
CONTEXT = codex(1, "turn_context", model="gpt-5.2-codex", cwd="C:\\work\\shop")


def tokens(path: Path) -> list[tuple[int, int, int, int]]:
    return [
        (call.input_tokens, call.cache_read_tokens, call.output_tokens, call.reasoning_tokens)
        for call in events("codex", path, "llm_call")
    ]


def test_calls_are_the_growth_of_the_totals_with_cache_inside_input_and_reasoning_inside_output() -> None:
    path = EXCERPTS / "ccusage_codex_alpha.jsonl"
    assert tokens(path) == [(1000, 250, 125, 75), (2500, 500, 300, 200)]
    first, second = events("codex", path, "llm_call")
    assert (first.model, second.model) == ("gpt-5.2-codex", "gpt-5.3-codex")
    assert (first.cost_usd, first.provider, first.duration_ms) == (None, "openai", None)


def test_the_same_totals_again_are_no_call(tmp_path: Path) -> None:
    lines = [META, CONTEXT, token_count(2, (10, 0, 5, 0)), token_count(3, (10, 0, 5, 0)), token_count(4, (30, 8, 9, 1))]
    assert tokens(log(tmp_path, lines)) == [(10, 0, 5, 0), (20, 8, 4, 1)]


def test_totals_that_start_anew_are_taken_from_the_last_call(tmp_path: Path) -> None:
    lines = [META, CONTEXT, token_count(2, (100, 0, 50, 0)), token_count(3, (20, 10, 6, 2), (8, 4, 3, 1))]
    assert tokens(log(tmp_path, lines)) == [(100, 0, 50, 0), (8, 4, 3, 1)]


def test_totals_that_start_anew_without_a_last_call_count_from_zero(tmp_path: Path) -> None:
    lines = [META, CONTEXT, token_count(2, (100, 0, 50, 0)), token_count(3, (20, 10, 6, 2))]
    assert tokens(log(tmp_path, lines)) == [(100, 0, 50, 0), (20, 10, 6, 2)]


def test_a_broken_line_between_two_totals_loses_no_tokens(tmp_path: Path) -> None:
    lines = [META, token_count(2, (10, 0, 5, 0)), "{broken", token_count(4, (40, 0, 9, 0), (10, 0, 2, 0))]
    assert tokens(log(tmp_path, lines)) == [(10, 0, 5, 0), (30, 0, 4, 0)]


def test_a_count_without_info_is_no_call(tmp_path: Path) -> None:
    assert tokens(log(tmp_path, [META, codex(1, "event_msg", kind="token_count", info=None)])) == []


def turn_of_two_calls() -> list[dict[str, Any]]:
    call = {"kind": "function_call", "name": "exec_command", "call_id": "call_1", "arguments": '{"cmd":"secret"}'}
    return [
        META,
        codex(10, "event_msg", kind="task_started", turn_id="turn-1"),
        CONTEXT,
        codex(10.5, "event_msg", kind="user_message", message="secret"),
        codex(12, "response_item", kind="reasoning", summary=[]),
        codex(13, "response_item", **call),
        token_count(13.5, (10, 0, 5, 0)),
        codex(
            15, "response_item", kind="function_call_output", call_id="call_1", output="Exit code: 2\nOutput:\nsecret"
        ),
        codex(
            18, "response_item", kind="message", role="assistant", content=[{"type": "output_text", "text": "secret"}]
        ),
        token_count(19, (30, 8, 9, 1)),
        codex(20, "event_msg", kind="task_complete", turn_id="turn-1"),
    ]


def test_a_turn_goes_from_its_start_to_its_completion_and_holds_calls_and_tools(tmp_path: Path) -> None:
    reading = read("codex", log(tmp_path, turn_of_two_calls()), now=LONG_AFTER)
    (task,) = of_kind(reading, "task")
    assert (task.outcome, task.duration_ms, task.project) == ("success", 10_000.0, "shop")
    (tool,) = of_kind(reading, "tool_call")
    assert (tool.name, tool.outcome, tool.duration_ms, tool.parent_id) == (
        "exec_command",
        "failure",
        2000.0,
        task.span_id,
    )
    assert [call.duration_ms for call in of_kind(reading, "llm_call")] == [3000.0, 4000.0]
    assert {call.parent_id for call in of_kind(reading, "llm_call")} == {task.span_id}
    assert "secret" not in repr(reading.events)


def test_logs_without_task_events_have_one_turn_per_user_message(tmp_path: Path) -> None:
    lines = [
        META,
        codex(1, "event_msg", kind="user_message", message="a"),
        codex(3, "event_msg", kind="agent_message", message="b"),
        codex(9, "event_msg", kind="user_message", message="c"),
        codex(10, "event_msg", kind="turn_aborted", reason="interrupted"),
    ]
    tasks = events("codex", log(tmp_path, lines), "task")
    assert [(task.outcome, task.duration_ms) for task in tasks] == [("success", 2000.0), ("interrupted", 1000.0)]


def test_an_error_ends_its_turn_and_keeps_its_name_only(tmp_path: Path) -> None:
    error = codex(3, "event_msg", kind="error", message="secret", codex_error_info="usage_limit_exceeded")
    lines = [META, codex(1, "event_msg", kind="user_message", message="a"), error]
    reading = read("codex", log(tmp_path, lines), now=LONG_AFTER)
    assert [event.error_type for event in of_kind(reading, "error")] == ["usage_limit_exceeded"]
    assert [task.outcome for task in of_kind(reading, "task")] == ["error"]
    assert "secret" not in repr(reading.events)


def test_a_spawned_session_counts_neither_its_parents_history_nor_tasks_of_a_user(tmp_path: Path) -> None:
    spawn = {"subagent": {"thread_spawn": {"parent_thread_id": "0199aaaa-session-one", "agent_role": "explorer"}}}
    lines = [
        codex(100, "session_meta", id="0199bbbb-session-two", cwd="/home/someone/shop", source=spawn),
        codex(100.01, "session_meta", id="0199aaaa-session-one", cwd="/home/someone/shop", source="cli"),
        codex(100.02, "event_msg", kind="user_message", message="a"),
        token_count(100.03, (10, 0, 5, 0)),
        token_count(100.04, (30, 8, 9, 1)),
        codex(104, "event_msg", kind="task_started", turn_id="turn-of-the-subagent"),
        token_count(107, (70, 18, 12, 1), (40, 10, 3, 0)),
    ]
    reading = read("codex", log(tmp_path, lines), now=LONG_AFTER)
    (call,) = of_kind(reading, "llm_call")
    assert (call.agent, call.session, call.input_tokens, call.output_tokens) == (
        "explorer",
        "0199bbbb-session-two",
        40,
        3,
    )
    assert not of_kind(reading, "task")
    (start,) = of_kind(reading, "mark")
    assert start.attributes == {"parent_session": "0199aaaa-session-one"}

"""Whose a call is that names no agent."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from agentgauge.events import Event
from agentgauge.integrations.otlp.reader import OtlpReader
from tests.integrations.otlp.sent import as_json, chat, read, span, traces

AGENT = {"gen_ai__operation__name": "invoke_agent", "gen_ai__agent__name": "planner", "gen_ai__conversation__id": "c-1"}
CODER = AGENT | {"gen_ai__agent__name": "coder"}
TOOL = {"gen_ai__operation__name": "execute_tool", "gen_ai__tool__name": "search"}
NOBODY = {"gen_ai__operation__name": "invoke_agent"}


def call(events: list[Event]) -> Event:
    (found,) = (event for event in events if event.kind == "llm_call")
    return found


def test_a_call_is_its_agents_in_whatever_order_they_come() -> None:
    for spans in permutations([chat(4, 3), span(3, 2), span(2, 1, **TOOL), span(1, **AGENT)]):
        events = read(traces(*spans))
        assert {(event.kind, event.agent, event.session) for event in events} == {
            ("llm_call", "planner", "c-1"), ("tool_call", "planner", "c-1"), ("task", "planner", "c-1"),
            ("step", None, None),
        }  # fmt: skip


def test_both_encodings_name_the_agent() -> None:
    request = traces(chat(2, 1), span(1, **AGENT))
    assert call(read(as_json(request), is_json=True)).agent == "planner"


def test_the_nearest_agent_has_the_call() -> None:
    events = read(traces(chat(4, 3), span(3, 2, **CODER), span(2, 1, **TOOL), span(1, **AGENT), chat(5, 1)))
    assert [event.agent for event in events] == ["coder", "coder", "planner", "planner", "planner"]


def test_what_a_call_says_itself_decides_field_by_field() -> None:
    made = call(read(traces(chat(2, 1, gen_ai__agent__name="reviewer"), span(1, **AGENT))))
    assert (made.agent, made.session) == ("reviewer", "c-1")


def test_what_an_agent_without_a_name_calls_is_not_that_of_the_one_around_it() -> None:
    task, made = read(traces(span(2, 1, **NOBODY), chat(3, 2), span(1, **AGENT)))[:2]
    assert (task.agent, made.agent, made.session) == (None, None, "c-1")


def test_an_agent_of_an_earlier_request_is_remembered_through_steps() -> None:
    reader = OtlpReader()
    read(traces(span(2, 1), span(1, **AGENT)), reader)
    assert call(read(traces(chat(4, 3), span(3, 2)), reader)).agent == "planner"


def test_an_agent_of_a_later_request_is_not_known() -> None:
    reader = OtlpReader()
    assert call(read(traces(chat(2, 1)), reader)).agent is None
    read(traces(span(1, **AGENT)), reader)


@pytest.mark.parametrize("first", [None, frozenset({"theirs"})])
def test_no_name_comes_from_what_another_sender_sent(first: frozenset[str] | None) -> None:
    reader = OtlpReader()
    read(traces(span(1, **AGENT)), reader, projects=first)
    assert call(read(traces(chat(2, 1)), reader, projects=frozenset({"ours"}))).agent is None


def test_no_name_comes_from_another_project() -> None:
    request = traces(chat(2, 1), service__name="gateway")
    request.MergeFrom(traces(span(1, **AGENT), service__name="shop"))
    assert call(read(request)).agent is None


def test_an_agent_that_the_resource_names_has_all_its_spans() -> None:
    named: dict[str, Any] = {"gen_ai__agent__name": "planner"}
    assert [event.agent for event in read(traces(chat(2, 1), span(1), **named))] == ["planner", "planner"]
    assert call(read(traces(chat(1, gen_ai__agent__name="coder"), **named))).agent == "coder"


def test_spans_around_each_other_are_read() -> None:
    assert call(read(traces(chat(3, 2), span(2, 1), span(1, 2)))).agent is None
    assert [event.agent for event in read(traces(span(1, 1, **TOOL)))] == [None]


def test_a_name_as_long_as_a_request_is_not_handed_on() -> None:
    made, task = read(traces(chat(2, 1), span(1, **AGENT | {"gen_ai__agent__name": "x" * 5000})))
    assert (made.agent, made.session, len(task.agent or "")) == (None, "c-1", 5000)

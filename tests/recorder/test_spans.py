"""A span is an event with a duration, and what happens inside knows it."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.recorder import Gauge
from tests.recorder.reading import events, only


def test_a_span_is_recorded_with_its_duration_when_it_ends(gauge: Gauge, home: Path) -> None:
    with gauge.span("fix", agent="a1", quality_score=70) as span:
        assert events(home) == []
        span.set(quality_score=90, ticket="T-1", attributes={"k": 1})
    event = only(home)
    assert (event.kind, event.name, event.outcome) == ("task", "fix", "success")
    assert (event.agent, event.ticket, event.quality_score, event.attributes) == ("a1", "T-1", 90, {"k": 1})
    assert event.duration_ms is not None
    assert 0 <= event.duration_ms < 60_000
    assert (event.span_id, event.parent_id) == (span.span_id, None)
    assert len(bytes.fromhex(span.span_id)) == 8
    assert len(bytes.fromhex(span.trace_id)) == 16


def test_what_happens_inside_names_its_parent_and_trace(gauge: Gauge, home: Path) -> None:
    with gauge.span("outer", agent="a1") as outer:
        gauge.llm_call("m")
        with gauge.span("inner", kind="tool_call") as inner:
            gauge.measurement("x", 1)
        gauge.task("last")
    gauge.task("outside")
    call, measurement, tool, last, task, outside = events(home)
    assert tool.kind == "tool_call"
    assert [event.parent_id for event in (call, tool, last)] == [outer.span_id] * 3
    assert measurement.parent_id == inner.span_id
    assert (tool.span_id, task.span_id, call.span_id) == (inner.span_id, outer.span_id, None)
    assert {event.trace_id for event in (call, measurement, tool, last, task)} == {outer.trace_id}
    assert (outside.trace_id, outside.parent_id, outside.agent) == (None, None, None)
    assert {event.agent for event in (call, measurement, tool, last, task)} == {"a1"}


def test_scope_set_on_the_way_holds_for_what_follows(gauge: Gauge, home: Path) -> None:
    with gauge.span("fix") as span:
        gauge.task("before")
        span.set(ticket="T-1")
        gauge.task("after")
    assert [event.ticket for event in events(home)] == [None, "T-1", "T-1"]


def test_usage_known_at_the_end_is_set_then(gauge: Gauge, home: Path) -> None:
    with gauge.span("answer", kind="llm_call", model="m", provider="p") as span:
        span.set(input_tokens=10, output_tokens=4, cost_usd=0.25)
    event = only(home)
    assert (event.model, event.input_tokens, event.output_tokens, str(event.cost_usd)) == ("m", 10, 4, "0.25")


class Unspeakable(Exception):
    def __str__(self) -> str:
        raise RuntimeError


@pytest.mark.parametrize(
    ("error", "outcome", "message"),
    [
        (ValueError("no such file"), "error", "no such file"),
        (TimeoutError(), "timeout", None),
        (KeyboardInterrupt(), "interrupted", None),
        (asyncio.CancelledError(), "interrupted", None),
        (Unspeakable(), "error", "its text raised RuntimeError"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_exception_is_recorded_and_goes_on(
    gauge: Gauge, home: Path, error: BaseException, outcome: str, message: str | None
) -> None:
    with pytest.raises(type(error)) as raised, gauge.span("fix"):
        raise error
    assert raised.value is error
    event = only(home)
    assert (event.outcome, event.error_type, event.error_message) == (outcome, type(error).__name__, message)


def test_the_message_of_an_exception_is_kept_up_to_200_characters(gauge: Gauge, home: Path) -> None:
    with pytest.raises(ValueError), gauge.span("fix"):
        raise ValueError("x" * 1_000_000)
    assert only(home).error_message == "x" * 200


def test_redaction_sees_the_whole_message_of_an_exception(home: Path) -> None:
    def masked(attributes: dict[str, Any]) -> dict[str, Any]:
        return {"error_message": attributes["error_message"].replace("key-12345", "***")}

    with agentgauge.open(home, redact=masked) as gauge, pytest.raises(ValueError), gauge.span("fix"):
        raise ValueError("x" * 195 + "key-12345")
    assert only(home).error_message == "x" * 195 + "***"


def test_a_failure_that_raises_nothing_can_be_said(gauge: Gauge, home: Path) -> None:
    with gauge.span("fix") as span:
        span.set(success=False)
    assert only(home).outcome == "failure"


def test_spans_work_in_coroutines(gauge: Gauge, home: Path) -> None:
    async def agent(name: str) -> None:
        async with gauge.span(name):
            await asyncio.sleep(0)
            gauge.llm_call(name)

    async def main() -> None:
        async with gauge.span("all"):
            await asyncio.gather(agent("a"), agent("b"))

    asyncio.run(main())
    found = events(home)
    spans = {event.name: event for event in found if event.kind == "task"}
    for call in (event for event in found if event.kind == "llm_call"):
        assert call.parent_id == spans[call.model].span_id
    assert spans["a"].parent_id == spans["b"].parent_id == spans["all"].span_id
    assert len({event.trace_id for event in found}) == 1


def test_a_trace_that_came_from_elsewhere_is_continued(gauge: Gauge, home: Path) -> None:
    with gauge.span("serve", trace_id="ab" * 16, parent_id="cd" * 8) as span:
        gauge.llm_call("m")
    call, task = events(home)
    assert (task.trace_id, task.parent_id) == ("ab" * 16, "cd" * 8)
    assert (call.trace_id, call.parent_id) == ("ab" * 16, span.span_id)


@pytest.mark.parametrize("fields", [{"flavour": "mint"}, {"quality_score": 101}, {"input_tokens": 1}])
def test_a_span_that_breaks_a_rule_is_counted_when_it_ends(gauge: Gauge, home: Path, fields: dict[str, object]) -> None:
    with gauge.span("fix", **fields):
        gauge.llm_call("m")
    assert [event.kind for event in events(home)] == ["llm_call"]
    assert sum(gauge.health().refused.values()) == 1
    assert gauge._current.get() is gauge._base


def test_a_span_left_in_another_context_is_recorded(gauge: Gauge, home: Path) -> None:
    """An async generator that is not exhausted is closed by the event loop, in a context of its own."""

    async def numbers() -> None:
        async def generate():  # type: ignore[no-untyped-def]
            with gauge.span("generate"):
                yield 1
                yield 2

        async for _ in generate():
            break

    asyncio.run(numbers())
    assert only(home).outcome == "interrupted"


class _Interrupting:
    """A value in the middle of whose reading a signal arrives."""

    def __float__(self) -> float:
        signal.raise_signal(signal.SIGALRM)
        return 1.0


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="the platform has no alarm")
def test_what_a_signals_handler_raises_while_an_event_is_recorded_is_the_programs(gauge: Gauge) -> None:
    def time_is_up(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, time_is_up)
    try:
        for record in (gauge.tool_call, gauge.llm_call):
            with pytest.raises(TimeoutError):
                record("x", duration_ms=_Interrupting())  # type: ignore[arg-type]
    finally:
        signal.signal(signal.SIGALRM, before)

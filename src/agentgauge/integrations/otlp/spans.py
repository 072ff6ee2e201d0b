"""Spans to events: one event for each span, so that it is known what is inside what, in whatever order they come.

    task        the invocation of an agent; else the root of a trace, which is a span without a parent
    llm_call    an inference: chat, text completion, content generation, embeddings
    tool_call   the execution of a tool
    step        every other span: it says what the calls in it are inside of

A root that is a call is a call outside any task. An inference with another inside that states its usage is a step
(`surroundings.py`). Time is when a span ended; identity is trace and span, so that a retry is stored once. Attributes
are kept of tasks and calls alone, but for what the tables call content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events import Event
from agentgauge.events.event import from_micros
from agentgauge.events.source_ids import TIMED
from agentgauge.integrations.otlp.attributes import Sorted, ValueOf, bounded, sort
from agentgauge.integrations.otlp.decoding import Request
from agentgauge.integrations.otlp.failures import SUCCESS, failure_of
from agentgauge.integrations.otlp.resources import Origin, origin_of
from agentgauge.integrations.otlp.surroundings import Surroundings
from agentgauge.integrations.otlp.table import Table
from agentgauge.usage.bodies import tier_of
from agentgauge.usage.tokens import usage_of

_UNKNOWN: Final = "unknown"
_NAME_CHARACTERS: Final = 256
_TRACE_BYTES, _SPAN_BYTES = 16, 8
_TOOL_PREFIX: Final = "execute_tool "
_PARTS: Final = frozenset(
    {
        *("cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
        "reasoning_tokens",
    }
)
_OF_CALLS: Final = _PARTS | {"model", "provider", "tier", "cost_usd", "input_tokens", "output_tokens"}
_NOT_OF_SCOPE: Final = _OF_CALLS | {"name", "error_type"}


class _Read(msgspec.Struct, gc=False):
    """A span, and what its attributes say."""

    span: Any
    origin: Origin
    library: str
    """Name of the instrumentation."""
    said: Sorted
    kind: str


def events_of(
    request: Request, table: Table, surroundings: Surroundings, projects: frozenset[str] | None = None
) -> Iterator[Event | EventRefused]:
    """An event for each span, in order; in the place of one that cannot be one, the error that says why.

    `projects` are those that the sender may record into, None for all.
    """
    reads = list(_read(request, table, projects))
    _note_agents(reads, surroundings)
    _note_calls(reads, surroundings)
    for read in reads:
        span = read.span
        if (
            len(span.trace_id) != _TRACE_BYTES
            or len(span.span_id) != _SPAN_BYTES
            or not (any(span.trace_id) and any(span.span_id))
        ):
            yield EventRefused("invalid id", "a trace has an id of 16 bytes and a span one of 8, not all zero")
        elif not span.start_time_unix_nano and not span.end_time_unix_nano:
            yield EventRefused("no time", "a span has a start or an end")
        else:
            yield _event(read, _kind(read, surroundings), request.value_of)


def _read(request: Request, table: Table, projects: frozenset[str] | None) -> Iterator[_Read]:
    value_of = request.value_of
    for group in request.groups:
        origin = origin_of(group.resource.attributes, table, value_of, projects)
        for scoped in group.scope_spans:
            library = scoped.scope.name
            for span in scoped.spans:
                said = sort(span.attributes, table, value_of)
                yield _Read(span, origin, library, said, said.kind or "step")


def _note_agents(reads: list[_Read], surroundings: Surroundings) -> None:
    for read in reads:
        if read.kind == "task":
            surroundings.traces_with_agents.add(read.span.trace_id)


def _note_calls(reads: list[_Read], surroundings: Surroundings) -> None:
    """Note what is around each call that states its usage, up to the tool or the agent that it is inside of."""
    calls = [read for read in reads if read.kind == "llm_call"]
    if not calls:
        return
    known = {read.span.trace_id + read.span.span_id: read for read in reads if read.kind in ("step", "llm_call")}
    around = surroundings.around_calls
    for call in calls:
        if not call.said.stated.get("input_tokens") and not call.said.stated.get("output_tokens"):
            continue
        inside: _Read | None = call
        while inside is not None and (parent := inside.span.parent_span_id):
            key = inside.span.trace_id + parent
            if key in around:
                break
            around.add(key)
            inside = known.get(key)


def _kind(read: _Read, surroundings: Surroundings) -> str:
    span, kind = read.span, read.kind
    if kind == "llm_call":
        return "step" if span.trace_id + span.span_id in surroundings.around_calls else kind
    if read.said.kind is None and not any(span.parent_span_id):
        return "step" if span.trace_id in surroundings.traces_with_agents else "task"
    return kind


def _event(read: _Read, kind: str, value_of: ValueOf) -> Event:
    span, stated = read.span, read.said.stated
    started, ended = span.start_time_unix_nano, span.end_time_unix_nano or span.start_time_unix_nano
    trace_id, span_id = span.trace_id.hex(), span.span_id.hex()
    values = read.origin.scope | {name: value for name, value in stated.items() if name not in _NOT_OF_SCOPE}
    if any(span.parent_span_id):
        values["parent_id"] = span.parent_span_id.hex()
    if 0 < started <= ended:
        values["duration_ms"] = (ended - started) / 1e6
    failure = failure_of(span, stated.get("error_type"), value_of)
    if failure is not SUCCESS:
        values["error_type"] = failure.error_type
        values["error_category"] = failure.error_category
        values["error_message"] = failure.error_message
    if kind == "llm_call":
        _add_call(values, stated)
    elif kind == "tool_call":
        values["name"] = stated.get("name") or _named(span.name.removeprefix(_TOOL_PREFIX))
        values["cost_usd"] = stated.get("cost_usd")
    else:
        values["name"] = _named(span.name)
    if kind == "task":
        values.setdefault("operation", values["name"])
    if kind != "step":
        values["attributes"] = _attributes(read, kind, value_of) or None
    return Event(
        kind=kind,
        time=from_micros(ended // 1000),
        source_id=f"{TIMED}{trace_id}:{span_id}",
        trace_id=trace_id,
        span_id=span_id,
        outcome=failure.outcome,
        **values,
    )


def _named(name: str) -> str:
    return name[:_NAME_CHARACTERS] or _UNKNOWN


def _attributes(read: _Read, kind: str, value_of: ValueOf) -> dict[str, Any]:
    others, more = read.said.others, read.origin.attributes
    if read.library:
        more = {**more, "otel.scope.name": read.library}
    if kind == "task":  # what an agent states of its calls is not counted, since they state it too, and not lost
        others = [*others, *(pair for field, pair in read.said.of_fields.items() if field in _OF_CALLS)]
    return bounded(others, value_of, more)


def _add_call(values: dict[str, Any], stated: dict[str, Any]) -> None:
    """What a call used. A convention's input is the total, cached tokens in it, and its output has reasoning in it."""
    get = stated.get
    values["model"] = get("model") or _UNKNOWN
    values["provider"] = get("provider")
    values["tier"] = tier_of(get("tier"))
    values["cost_usd"] = get("cost_usd")
    values["input_tokens"], values["output_tokens"] = get("input_tokens", 0), get("output_tokens", 0)
    if _PARTS.isdisjoint(stated):
        return
    one_hour = get("cache_write_1h_tokens", 0)
    written = max(get("cache_write_tokens", 0) - one_hour, get("cache_write_5m_tokens", 0))
    read, reasoning = get("cache_read_tokens", 0), get("reasoning_tokens", 0)
    used = usage_of(values["input_tokens"], values["output_tokens"], read, written, one_hour, reasoning)
    values |= msgspec.structs.asdict(used)

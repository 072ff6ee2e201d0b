"""Spans to events: one event for each span, so that it is known what is inside what, in whatever order they come.

    task        the invocation of an agent; else the root of a trace, which is a span without a parent
    llm_call    an inference: chat, text completion, content generation, embeddings
    tool_call   the execution of a tool
    step        every other span: it says what the calls in it are inside of

A root that is a call is a call outside any task. Where a span names no agent or no session, those around it do
(`names.py`). An inference with another inside that states its usage is a step
(`surroundings.py`). Time is when a span ended; identity is trace and span, so that a retry is stored once. Attributes
are kept of tasks and calls alone, but for what the tables call content.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec

from agentgauge.errors import EventRefused
from agentgauge.events.checked import Checked
from agentgauge.events.fields import TOKEN_NAMES
from agentgauge.events.source_ids import TIMED
from agentgauge.integrations.otlp.attributes import bounded, sort
from agentgauge.integrations.otlp.decoding import PairsOf, Request
from agentgauge.integrations.otlp.failures import failure_of
from agentgauge.integrations.otlp.names import names_around, taken_over
from agentgauge.integrations.otlp.received import Received
from agentgauge.integrations.otlp.resources import origin_of
from agentgauge.integrations.otlp.surroundings import Names, Surroundings
from agentgauge.integrations.otlp.table import Table
from agentgauge.recorder.given import money
from agentgauge.usage.bodies import tier_of
from agentgauge.usage.tokens import usage_of

_UNKNOWN: Final = "unknown"
_NAME_CHARACTERS: Final = 256
_TRACE_BYTES, _SPAN_BYTES = 16, 8
_NO_TRACE, _NO_SPAN = bytes(_TRACE_BYTES), bytes(_SPAN_BYTES)
_LATEST: Final = 1 << 63
"""In nanoseconds since 1970: the year 2262."""
_TOOL_PREFIX: Final = "execute_tool "
_PARTS: Final = frozenset(
    {
        *("cache_read_tokens", "cache_write_tokens", "cache_write_5m_tokens", "cache_write_1h_tokens"),
        "reasoning_tokens",
    }
)
_OF_CALLS: Final = _PARTS | {"model", "provider", "tier", "cost_usd", "input_tokens", "output_tokens"}
_NOT_OF_SCOPE: Final = _OF_CALLS | {"name", "error_type"}


def events_of(
    request: Request, table: Table, surroundings: Surroundings, projects: frozenset[str] | None = None
) -> Iterator[Checked | EventRefused]:
    """An event for each span, in order; in the place of one that cannot be one, the error that says why.

    `projects` are those that the sender may record into, None for all.
    """
    reads = list(_read(request, table, projects))
    refusals = [_refused(read) for read in reads]
    known = {read.key: read for read, refused in zip(reads, refusals, strict=True) if refused is None}
    _note(known, surroundings)
    names = names_around(known, surroundings.names, projects)
    for read, refused in zip(reads, refusals, strict=True):
        yield refused or _event(read, _kind(read, surroundings), names.get(read.key), request.pairs_of)


def _read(request: Request, table: Table, projects: frozenset[str] | None) -> Iterator[Received]:
    pairs_of = request.pairs_of
    for group in request.groups:
        origin = origin_of(pairs_of(group.resource.attributes), table, projects)
        for scoped in group.scope_spans:
            library = scoped.scope.name
            for span in scoped.spans:
                said = sort(pairs_of(span.attributes), table)
                trace, span_id, parent = span.trace_id, span.span_id, span.parent_span_id
                if parent == _NO_SPAN:
                    parent = b""
                kind = said.kind or "step"
                yield Received(span, trace, span_id, trace + span_id, parent, kind, said, origin, library)


def _refused(read: Received) -> EventRefused | None:
    """What makes a span none, where something does."""
    if len(read.trace) != _TRACE_BYTES or len(read.id) != _SPAN_BYTES or read.trace == _NO_TRACE or read.id == _NO_SPAN:
        return EventRefused("invalid id", "a trace has an id of 16 bytes and a span one of 8, not all zero")
    started, ended = read.span.start_time_unix_nano, read.span.end_time_unix_nano
    if not (0 <= started < _LATEST and 0 <= ended < _LATEST and (started or ended)):
        return EventRefused("no time", "a span has a start and an end, in nanoseconds since 1970")
    return None


def _note(known: dict[bytes, Received], surroundings: Surroundings) -> None:
    """Note the traces that have agents, and what is around each call that states its usage, up to the tool or the
    agent that it is inside of.
    """
    around = surroundings.around_calls
    for read in known.values():
        if read.kind == "task":
            surroundings.traces_with_agents.note(read.trace, True)
        elif read.kind == "llm_call" and (
            read.said.stated.get("input_tokens") or read.said.stated.get("output_tokens")
        ):
            inside: Received | None = read
            while inside is not None and inside.parent and (key := inside.trace + inside.parent) not in around:
                around.note(key, True)
                inside = known.get(key)
                if inside is not None and inside.kind not in ("step", "llm_call"):
                    break


def _kind(read: Received, surroundings: Surroundings) -> str:
    if read.kind == "llm_call":
        return "step" if read.key in surroundings.around_calls else "llm_call"
    if read.said.kind is None and not read.parent:
        return "step" if read.trace in surroundings.traces_with_agents else "task"
    return read.kind


def _event(read: Received, kind: str, names: Names | None, pairs_of: PairsOf) -> Checked:
    span, stated = read.span, read.said.stated
    started, ended = span.start_time_unix_nano, span.end_time_unix_nano or span.start_time_unix_nano
    trace_id, span_id = read.trace.hex(), read.id.hex()
    values: dict[str, Any] = {
        "source_id": f"{TIMED}{trace_id}:{span_id}",
        "trace_id": trace_id,
        "span_id": span_id,
        **read.origin.scope,
    }
    for name in stated:
        if name not in _NOT_OF_SCOPE:
            values[name] = stated[name]
    if names is not None and kind != "step":
        values |= taken_over(names)
    if read.parent:
        values["parent_id"] = read.parent.hex()
    if 0 < started <= ended:
        values["duration_ms"] = (ended - started) / 1e6
    values |= failure_of(span, stated.get("error_type"), pairs_of)
    if kind == "llm_call":
        _add_call(values, stated)
    elif kind == "tool_call":
        values["name"] = stated.get("name") or _named(span.name.removeprefix(_TOOL_PREFIX))
        if "cost_usd" in stated:
            values["cost_usd"] = money(stated["cost_usd"])
    else:
        values["name"] = _named(span.name)
        if kind == "task":
            values.setdefault("operation", values["name"])
    if kind != "step" and (kept := _attributes(read, kind)):
        values["attributes"] = kept
    return Checked(kind, ended // 1000, values)


def _named(name: str) -> str:
    return name[:_NAME_CHARACTERS] or _UNKNOWN


def _attributes(read: Received, kind: str) -> dict[str, Any]:
    others, more = read.said.others, read.origin.attributes
    if read.library:
        more = {**more, "otel.scope.name": read.library}
    if kind == "task":  # what an agent states of its calls is not counted, since they state it too, and not lost
        others = [*others, *(pair for field, pair in read.said.of_fields.items() if field in _OF_CALLS)]
    return bounded(others, more)


def _add_call(values: dict[str, Any], stated: dict[str, Any]) -> None:
    """What a call used. A convention's input is the total, cached tokens in it, and its output has reasoning in it."""
    values["model"] = stated.get("model") or _UNKNOWN
    if "provider" in stated:
        values["provider"] = stated["provider"]
    if (tier := tier_of(stated.get("tier"))) is not None:
        values["tier"] = tier
    if "cost_usd" in stated:
        values["cost_usd"] = money(stated["cost_usd"])
    if not _PARTS.isdisjoint(stated):
        values |= _with_parts(stated)
        return
    for name in ("input_tokens", "output_tokens"):
        if name in stated:
            values[name] = stated[name]


def _with_parts(stated: dict[str, Any]) -> dict[str, int]:
    get = stated.get
    one_hour = get("cache_write_1h_tokens", 0)
    written = max(get("cache_write_tokens", 0) - one_hour, get("cache_write_5m_tokens", 0))
    read, reasoning = get("cache_read_tokens", 0), get("reasoning_tokens", 0)
    used = usage_of(get("input_tokens", 0), get("output_tokens", 0), read, written, one_hour, reasoning)
    return {name: tokens for name, tokens in zip(TOKEN_NAMES, msgspec.structs.astuple(used), strict=True) if tokens}

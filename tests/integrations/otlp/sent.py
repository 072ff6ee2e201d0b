"""Requests as exporters send them, and what a reader makes of them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from agentgauge.errors import EventRefused
from agentgauge.events import Event, validation
from agentgauge.events.checked import Checked
from agentgauge.integrations.otlp.reader import OtlpReader

SAMPLES = Path(__file__).parents[2] / "data" / "otlp"
TRACE = bytes.fromhex("5b8efff798038103d269b633813fc60c")
START = 1_795_169_313_000_000_000
"""2026-11-20T10:08:33Z."""
_IDS = {"traceId", "spanId", "parentSpanId"}


def any_value(value: Any) -> AnyValue:
    match value:
        case bool():
            return AnyValue(bool_value=value)
        case str():
            return AnyValue(string_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case list():
            made = AnyValue()
            made.array_value.values.extend(map(any_value, value))
            return made
        case dict():
            made = AnyValue()
            made.kvlist_value.values.extend(pairs(value))
            return made
    return AnyValue()


def pairs(values: Mapping[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=name, value=any_value(value)) for name, value in values.items()]


def span(
    number: int,
    parent: int | None = None,
    *,
    name: str = "a span",
    trace: bytes = TRACE,
    start: int = START,
    ms: int = 100,
    error: str | None = None,
    exception: Mapping[str, str] | None = None,
    **attributes: Any,
) -> Span:
    """A span with the id `number`; dots in the names of attributes are written as two underscores."""
    made = Span(
        trace_id=trace, span_id=number.to_bytes(8), name=name, start_time_unix_nano=start,
        end_time_unix_nano=start + ms * 1_000_000,
        attributes=pairs({key.replace("__", "."): value for key, value in attributes.items()}),
    )  # fmt: skip
    if parent is not None:
        made.parent_span_id = parent.to_bytes(8)
    if error is not None:
        made.status.code, made.status.message = 2, error
    if exception is not None:
        made.events.add(name="exception", attributes=pairs(exception))
    return made


def chat(number: int, parent: int | None = None, **attributes: Any) -> Span:
    """A model call of 100 tokens in and 10 out, unless said otherwise."""
    stated = {
        "gen_ai__operation__name": "chat",
        "gen_ai__provider__name": "openai",
        "gen_ai__request__model": "gpt-5-mini",
        "gen_ai__usage__input_tokens": 100,
        "gen_ai__usage__output_tokens": 10,
    }
    return span(number, parent, **(stated | attributes))


def traces(*spans: Span, library: str = "", **resource: Any) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    group = request.resource_spans.add()
    group.resource.attributes.extend(pairs({key.replace("__", "."): value for key, value in resource.items()}))
    scoped = group.scope_spans.add()
    scoped.scope.name = library
    scoped.spans.extend(spans)
    return request


def as_json(request: Message) -> bytes:
    """OTLP's JSON: hex ids, numbers for enumerations."""
    return json.dumps(_with_hex_ids(MessageToDict(request, use_integers_for_enums=True))).encode()


def _with_hex_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: base64.b64decode(item).hex() if key in _IDS else _with_hex_ids(item) for key, item in value.items()
        }
    return [_with_hex_ids(item) for item in value] if isinstance(value, list) else value


def read(
    request: Message | bytes,
    reader: OtlpReader | None = None,
    *,
    is_json: bool = False,
    projects: frozenset[str] | None = None,
) -> list[Event]:
    """The events of a request, each held to the rules of its kind; what was refused is raised."""
    reader = reader or OtlpReader()
    is_metrics = isinstance(request, ExportMetricsServiceRequest)
    if isinstance(request, bytes):
        body = request
    else:
        body = as_json(request) if is_json else request.SerializeToString()
    take = reader.points if is_metrics else reader.spans
    return [checked(item) for item in take(body, is_json=is_json, most=50_000, projects=projects)]


def checked(item: Checked | EventRefused) -> Event:
    if isinstance(item, EventRefused):
        raise item
    event = item.event()
    validation.check(event)
    return event


def sample(name: str) -> list[Event]:
    return read((SAMPLES / f"{name}.traces.pb").read_bytes())

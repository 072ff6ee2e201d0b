"""Requests as they are sent, in protobuf and in JSON, to one shape: the messages of `opentelemetry-proto`, or structs
that have the same members.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from google.protobuf.message import DecodeError, Message  # type: ignore[import-untyped] # published without types
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from agentgauge.errors import BodyRefused
from agentgauge.integrations.otlp import json_messages
from agentgauge.integrations.otlp.values import DEEPEST, MOST_ITEMS, real


class Request(msgspec.Struct, frozen=True):
    """What was sent: `ResourceSpans` or `ResourceMetrics`, with the function that reads an `AnyValue` of them."""

    groups: Sequence[Any]
    value_of: Callable[[Any], object]


def read_traces(body: bytes, *, is_json: bool) -> Request:
    """Raises `BodyRefused` with what is wrong, and without what was sent."""
    if is_json:
        return Request(json_messages.traces(body), json_messages.value_of)
    return Request(_parsed(body, ExportTraceServiceRequest()).resource_spans, _value_of)


def read_metrics(body: bytes, *, is_json: bool) -> Request:
    """As `read_traces`."""
    if is_json:
        return Request(json_messages.metrics(body), json_messages.value_of)
    return Request(_parsed(body, ExportMetricsServiceRequest()).resource_metrics, _value_of)


def _parsed(body: bytes, request: Message) -> Any:
    try:
        request.ParseFromString(body)
    except DecodeError as error:
        raise BodyRefused(f"the body is no protobuf message {request.DESCRIPTOR.full_name}") from error
    return request


def _value_of(value: Any, depth: int = 0) -> object:
    if text := value.string_value:  # what most are; asking for it first is faster than asking for the kind
        return text
    kind = value.WhichOneof("value")
    if kind in ("int_value", "bool_value", "string_value"):
        return getattr(value, kind)
    if kind == "double_value":
        return real(value.double_value)
    if kind == "bytes_value":
        return base64.b64encode(value.bytes_value).decode()
    if depth >= DEEPEST:
        return None
    if kind == "array_value":
        return [_value_of(item, depth + 1) for item in value.array_value.values[:MOST_ITEMS]]
    if kind == "kvlist_value":
        return {item.key: _value_of(item.value, depth + 1) for item in value.kvlist_value.values[:MOST_ITEMS]}
    return None  # empty, or of a kind that this version of the protocol does not know

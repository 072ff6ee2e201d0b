"""Requests as they are sent, in protobuf and in JSON, to one shape: the messages of `opentelemetry-proto`, or structs
that have the same members; attributes are read by a function that comes with them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

import msgspec
from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # published without types

from agentgauge.errors import BodyRefused
from agentgauge.integrations.otlp import json_messages
from agentgauge.integrations.otlp.attributes import Pair
from agentgauge.integrations.otlp.pairs import Pairs, message

PairsOf = Callable[[Any], list[Pair]]
"""Reads the `attributes` of a span, a point, a resource or an event. Raises `BodyRefused`."""

_TRACES: Final = message("opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest")
_METRICS: Final = message("opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest")


class Request(msgspec.Struct, frozen=True):
    """What was sent: `ResourceSpans` or `ResourceMetrics`, with the function that reads their attributes."""

    groups: Sequence[Any]
    pairs_of: PairsOf


def read_traces(body: bytes, pairs: Pairs, *, is_json: bool) -> Request:
    """Raises `BodyRefused` with what is wrong, and without what was sent."""
    if is_json:
        return Request(json_messages.traces(body), json_messages.pairs_of)
    return Request(_parsed(body, _TRACES).resource_spans, pairs.of)


def read_metrics(body: bytes, pairs: Pairs, *, is_json: bool) -> Request:
    """As `read_traces`."""
    if is_json:
        return Request(json_messages.metrics(body), json_messages.pairs_of)
    return Request(_parsed(body, _METRICS).resource_metrics, pairs.of)


def _parsed(body: bytes, kind: Any) -> Any:
    try:
        return kind.FromString(body)
    except DecodeError as error:
        raise BodyRefused(f"the body is no protobuf message {kind.DESCRIPTOR.full_name}") from error

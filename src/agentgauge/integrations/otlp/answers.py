"""What an exporter is answered, in the encoding that it asked in.

A request that is kept is answered with an `Export...ServiceResponse`; where some of its items were rejected its
`partial_success` counts them and says why. One that is not kept is answered with a `google.rpc.Status`.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceResponse
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

Item = Literal["spans", "data_points"]

INVALID_ARGUMENT: Final = 3
RESOURCE_EXHAUSTED: Final = 8
UNAVAILABLE: Final = 14
"""Codes of gRPC."""

_JSON_NAMES: Final[dict[Item, str]] = {"spans": "rejectedSpans", "data_points": "rejectedDataPoints"}
_encode = msgspec.json.Encoder().encode


def answer(item: Item, rejected: int, message: str, *, is_json: bool) -> bytes:
    """The response to a request that was kept, but for so many items."""
    if is_json:
        partial = {_JSON_NAMES[item]: str(rejected), "errorMessage": message}  # 64-bit numbers are text in its JSON
        return _encode({"partialSuccess": partial} if rejected or message else {})
    if item == "spans":
        traces = ExportTraceServiceResponse()
        if rejected or message:
            traces.partial_success.rejected_spans = rejected
            traces.partial_success.error_message = message
        return bytes(traces.SerializeToString())
    metrics = ExportMetricsServiceResponse()
    if rejected or message:
        metrics.partial_success.rejected_data_points = rejected
        metrics.partial_success.error_message = message
    return bytes(metrics.SerializeToString())


def status(code: int, message: str, *, is_json: bool) -> bytes:
    """A `google.rpc.Status`."""
    if is_json:
        return _encode({"code": code, "message": message})
    text = message.encode()
    # The message has two members that matter; its module would be one more dependency: 1 is the code, 2 the message.
    return b"\x08" + _varint(code) + b"\x12" + _varint(len(text)) + text


def _varint(number: int) -> bytes:
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)

"""OTLP's JSON: structs that have the members of `opentelemetry-proto`'s messages.

It is protobuf's own JSON with two differences: ids are hex, and enumerations numbers. 64-bit numbers may be text. Names
of enumerations are understood too, members that are not known are passed over, and null is a member's default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from agentgauge.errors import BodyRefused
from agentgauge.integrations.otlp.values import DEEPEST, MOST_ITEMS, real

_INTS: Final = 1 << 63
"""Whole numbers of 64 bits are from minus this to below it."""


class _Id(bytes):
    """Of a trace or a span, from hex."""


class _Number(int):
    """Of an enumeration, from its number or its name."""


_NAMES: Final = {
    "STATUS_CODE_OK": 1,
    "STATUS_CODE_ERROR": 2,
    "AGGREGATION_TEMPORALITY_DELTA": 1,
    "AGGREGATION_TEMPORALITY_CUMULATIVE": 2,
}


def _custom(kind: type, value: object) -> object:
    if kind is _Id and isinstance(value, str):
        return _Id(bytes.fromhex(value))
    if kind is _Number and isinstance(value, int | str):
        return _Number(_NAMES.get(value, 0) if isinstance(value, str) else value)
    raise ValueError(f"no value of {kind.__name__.strip('_')}")


class _Message(msgspec.Struct, rename="camel", frozen=True):
    pass


class _Array(_Message, frozen=True):
    values: list[_Value] = []


class _Pairs(_Message, frozen=True):
    values: list[_Pair] = []


class _Value(_Message, frozen=True):
    string_value: str | None = None
    bool_value: bool | None = None
    int_value: int | None = None
    double_value: float | None = None
    bytes_value: str | None = None
    array_value: _Array | None = None
    kvlist_value: _Pairs | None = None


class _Pair(_Message, frozen=True):
    key: str = ""
    value: _Value = _Value()


def pairs_of(attributes: Sequence[_Pair]) -> list[tuple[str, object]]:
    return [(pair.key, _value_of(pair.value)) for pair in attributes]


def _value_of(value: _Value, depth: int = 0) -> object:
    for scalar in (value.string_value, value.bool_value, value.bytes_value):
        if scalar is not None:
            return scalar
    if value.int_value is not None:
        return value.int_value if -_INTS <= value.int_value < _INTS else str(value.int_value)
    if value.double_value is not None:
        return real(value.double_value)
    if depth >= DEEPEST:
        return None
    if value.array_value is not None:
        return [_value_of(item, depth + 1) for item in value.array_value.values[:MOST_ITEMS]]
    if value.kvlist_value is not None:
        return {item.key: _value_of(item.value, depth + 1) for item in value.kvlist_value.values[:MOST_ITEMS]}
    return None


class _Resource(_Message, frozen=True):
    attributes: list[_Pair] = []


class _Scope(_Message, frozen=True):
    name: str = ""
    version: str = ""
    attributes: list[_Pair] = []


class _Status(_Message, frozen=True):
    code: _Number = _Number(0)
    message: str = ""


class _SpanEvent(_Message, frozen=True):
    name: str = ""
    attributes: list[_Pair] = []


class _Span(_Message, frozen=True):
    trace_id: _Id = _Id()
    span_id: _Id = _Id()
    parent_span_id: _Id = _Id()
    name: str = ""
    start_time_unix_nano: int = 0
    end_time_unix_nano: int = 0
    attributes: list[_Pair] = []
    events: list[_SpanEvent] = []
    status: _Status = _Status()


class _ScopeSpans(_Message, frozen=True):
    scope: _Scope = _Scope()
    spans: list[_Span] = []


class _ResourceSpans(_Message, frozen=True):
    resource: _Resource = _Resource()
    scope_spans: list[_ScopeSpans] = []


class _Traces(_Message, frozen=True):
    resource_spans: list[_ResourceSpans] = []


class _Point(_Message, frozen=True):
    attributes: list[_Pair] = []
    start_time_unix_nano: int = 0
    time_unix_nano: int = 0
    flags: int = 0
    as_int: int | None = None
    as_double: float | None = None
    count: int = 0
    sum: float | None = None
    min: float | None = None
    max: float | None = None

    def HasField(self, name: str) -> bool:  # noqa: N802 - as protobuf's messages have it
        return getattr(self, name) is not None


class _Points(_Message, frozen=True):
    data_points: list[_Point] = []
    aggregation_temporality: _Number = _Number(0)
    is_monotonic: bool = False


class _Metric(_Message, frozen=True):
    name: str = ""
    unit: str = ""
    gauge: _Points | None = None
    sum: _Points | None = None
    histogram: _Points | None = None
    exponential_histogram: _Points | None = None
    summary: _Points | None = None

    def HasField(self, name: str) -> bool:  # noqa: N802 - as protobuf's messages have it
        return getattr(self, name) is not None


class _ScopeMetrics(_Message, frozen=True):
    scope: _Scope = _Scope()
    metrics: list[_Metric] = []


class _ResourceMetrics(_Message, frozen=True):
    resource: _Resource = _Resource()
    scope_metrics: list[_ScopeMetrics] = []


class _Metrics(_Message, frozen=True):
    resource_metrics: list[_ResourceMetrics] = []


_TRACES: Final = msgspec.json.Decoder(_Traces, strict=False, dec_hook=_custom)
_METRICS: Final = msgspec.json.Decoder(_Metrics, strict=False, dec_hook=_custom)


def traces(body: bytes) -> Sequence[Any]:
    """The members of `ResourceSpans`. Raises `BodyRefused`."""
    spans: Sequence[Any] = _read(body, _TRACES).resource_spans
    return spans


def metrics(body: bytes) -> Sequence[Any]:
    """The members of `ResourceMetrics`. Raises `BodyRefused`."""
    points: Sequence[Any] = _read(body, _METRICS).resource_metrics
    return points


def _read(body: bytes, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        try:
            return decoder.decode(body)
        except msgspec.ValidationError:
            whole = _without_nulls(msgspec.json.decode(body))
            return msgspec.convert(whole, decoder.type, strict=False, dec_hook=_custom)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ValueError) as error:
        where = f": {error}" if isinstance(error, msgspec.MsgspecError) else ""
        raise BodyRefused(f"the body is no OTLP request in JSON{where}") from error


def _without_nulls(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value if item is not None] if isinstance(value, list) else value

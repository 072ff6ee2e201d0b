"""Attributes in protobuf, as pairs of a name and a plain value: those that come again are read once.

Of a span's attributes most are those of spans before it, byte for byte: the model, the agent, the operation. So the
messages here hold attributes undecoded, and what their bytes say is remembered for some thousands of short ones.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from typing import Any, Final

from google.protobuf.descriptor_pb2 import (  # type: ignore[import-untyped] # published without types
    FieldDescriptorProto,
    FileDescriptorProto,
)
from google.protobuf.descriptor_pool import DescriptorPool  # type: ignore[import-untyped]
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from google.protobuf.message_factory import GetMessageClass  # type: ignore[import-untyped]
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

from agentgauge.errors import BodyRefused
from agentgauge.integrations.otlp.attributes import Pair
from agentgauge.integrations.otlp.values import DEEPEST, MOST_ITEMS, real

_FILES: Final = (common_pb2, resource_pb2, trace_pb2, trace_service_pb2, metrics_pb2, metrics_service_pb2)
_ATTRIBUTE: Final = "." + common_pb2.KeyValue.DESCRIPTOR.full_name
_REMEMBERED: Final = 8192
_LONGEST_REMEMBERED_BYTES: Final = 128


class Pairs:
    """One for each process. Remembers at least the last `_REMEMBERED` short attributes and at most twice as many.

    Safe for several threads.
    """

    def __init__(self, is_unread: Callable[[str], bool]) -> None:
        """`is_unread` says of a name that nobody asks for its value, which is None then and not remembered."""
        self._is_unread = is_unread
        self._new: dict[bytes, Pair] = {}
        self._old: dict[bytes, Pair] = {}

    def of(self, attributes: Iterable[bytes]) -> list[Pair]:
        """Raises `BodyRefused` where one is no attribute."""
        known, read = self._new.get, self._read
        return [known(encoded) or read(encoded) for encoded in attributes]

    def _read(self, encoded: bytes) -> Pair:
        pair = self._old.get(encoded)
        if pair is None:
            try:
                attribute = common_pb2.KeyValue.FromString(encoded)
            except DecodeError as error:
                raise BodyRefused("the body has an attribute that is no protobuf message") from error
            name = attribute.key
            if self._is_unread(name):
                return name, None
            pair = name, _value_of(attribute.value)
        if len(encoded) <= _LONGEST_REMEMBERED_BYTES:
            if len(self._new) >= _REMEMBERED:
                self._new, self._old = {}, self._new
            self._new[encoded] = pair
        return pair


def message(full_name: str) -> Any:
    """The class of a message of OTLP, except that `attributes` of it and of all in it are the bytes of each."""
    return GetMessageClass(_POOL.FindMessageTypeByName(full_name))


def _pool() -> DescriptorPool:
    pool = DescriptorPool()
    for module in _FILES:
        file = FileDescriptorProto()
        module.DESCRIPTOR.CopyToProto(file)
        for message_type in file.message_type:
            for described in (message_type, *message_type.nested_type):
                for field in described.field:
                    if field.name == "attributes" and field.type_name == _ATTRIBUTE:
                        # Messages and bytes have one form on the wire: a length, and what it is the length of.
                        field.type = FieldDescriptorProto.TYPE_BYTES
                        field.ClearField("type_name")
        pool.Add(file)
    return pool


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


_POOL: Final = _pool()

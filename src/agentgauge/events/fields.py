"""The fields of an event, each declared once: name, type and unit.

The SQL columns of the lake, the JSON keys of the journal and the attributes of `Event` are these names.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

FieldType = Literal["text", "whole", "real", "money", "time", "json"]
"""Logical types. `whole` is a 64-bit integer, `real` a double, `money` DECIMAL(18,12), `time` microseconds in UTC."""

MONEY_STEP = Decimal("1e-12")
"""What amounts of money are kept to, in USD: a picodollar."""


class Field(msgspec.Struct, frozen=True):
    name: str
    type: FieldType
    unit: str = ""
    """UCUM-like unit: ms, token, USD, 1 (a ratio), 0-100."""


SCOPE = (
    Field("project", "text"),
    Field("session", "text"),
    Field("run", "text"),
    Field("issue", "text"),
    Field("ticket", "text"),
    Field("agent", "text"),
    Field("role", "text"),
    Field("operation", "text"),
    Field("feature", "text"),
    Field("user", "text"),
    Field("team", "text"),
    Field("trace_id", "text"),
    Field("span_id", "text"),
    Field("parent_id", "text"),
)
"""Who and what an event belongs to. Inherited from the enclosing scope unless the event names its own."""

MODEL = (Field("model", "text"), Field("provider", "text"), Field("tier", "text"))
"""`tier` is the service tier billed: standard (absent), batch, flex, priority or fast."""

TOKENS = (
    Field("input_tokens", "whole", "token"),
    Field("output_tokens", "whole", "token"),
    Field("cache_read_tokens", "whole", "token"),
    Field("cache_write_5m_tokens", "whole", "token"),
    Field("cache_write_1h_tokens", "whole", "token"),
    Field("reasoning_tokens", "whole", "token"),
)
"""`input_tokens` is the total, what was read from or written to a cache included. `reasoning_tokens` are part of
`output_tokens`."""

COST = (Field("cost_usd", "money", "USD"), Field("cost_source", "text"), Field("price_version", "text"))

TIMING = (Field("duration_ms", "real", "ms"), Field("outcome", "text"))

ERROR = (
    Field("error_type", "text"),
    Field("error_category", "text"),
    Field("severity", "text"),
    Field("error_message", "text"),
    Field("recovery", "text"),
)

QUALITY = (Field("quality_score", "real", "0-100"),)

MEASUREMENT = (Field("value", "real"), Field("unit", "text"))

COMMON = (
    Field("time", "time"),
    Field("arrived", "time"),
    Field("kind", "text"),
    Field("name", "text"),
    Field("source_id", "text"),
    Field("attributes", "json"),
)

ALL: tuple[Field, ...] = (*COMMON, *TIMING, *SCOPE, *MODEL, *TOKENS, *COST, *QUALITY, *MEASUREMENT, *ERROR)
"""Every field a recorder may write, in the order of the lake's columns."""

IDENTITY = (Field("id", "whole"), Field("segment", "text"), Field("n", "whole"))
"""What a stored event has besides. `id` is given when it lands in the lake: unique there, stable, below 2^53; null
before. (`segment`, `n`) is its identity from the first, in the journal."""

BY_NAME = {field.name: field for field in ALL}
SCOPE_NAMES = tuple(field.name for field in SCOPE)
ID_NAMES = ("trace_id", "span_id", "parent_id")
"""Of the scope, what is new with every span."""
TOKEN_NAMES = tuple(field.name for field in TOKENS)

OUTCOMES = ("success", "failure", "timeout", "error", "interrupted")
SEVERITIES = ("critical", "error", "warning", "info")
COST_SOURCES = ("reported", "computed", "unpriced")
RECOVERIES = ("failed", "succeeded")
TIERS = ("standard", "batch", "flex", "priority", "fast")

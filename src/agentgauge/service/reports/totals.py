"""What a set of events adds up to: the figures that overview, breakdown and course share, and their measures."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import msgspec

from agentgauge.engines import Measure
from agentgauge.events.fields import TOKEN_NAMES


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """What a set of events adds up to. Tokens as in `agentgauge.events.Usage`: totals with their parts beside them."""

    calls: int
    """Model calls."""
    failed_calls: int
    tool_calls: int
    failed_tool_calls: int
    tasks: int
    success_rate: float
    """Of the tasks that have an outcome."""
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_5m_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    cached_share: float
    """Cache reads as a share of all input tokens."""
    cost_usd: Decimal | None
    """Of the priced calls; None where there are calls and none is priced."""
    unpriced_calls: int


TOTALS = (
    Measure("count", over="llm_call", name="calls"),
    Measure("failures", over="llm_call", name="failed_calls"),
    Measure("count", over="tool_call", name="tool_calls"),
    Measure("failures", over="tool_call", name="failed_tool_calls"),
    Measure("count", over="tasks", name="tasks"),
    Measure("success_rate", over="tasks", name="success_rate"),
    *(Measure("sum", name, name=name) for name in TOKEN_NAMES),
    Measure("cost"),
)


def totals_of(row: Mapping[str, Any]) -> dict[str, Any]:
    counted = ("calls", "failed_calls", "tool_calls", "failed_tool_calls", "tasks", "unpriced_calls", *TOKEN_NAMES)
    return {
        **{name: row[name] or 0 for name in counted},
        "success_rate": or_nan(row["success_rate"]),
        "cached_share": ratio(row["cache_read_tokens"] or 0, row["input_tokens"] or 0),
        "cost_usd": row["cost_usd"],
    }


def or_nan(value: float | None) -> float:
    return math.nan if value is None else value


def ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan

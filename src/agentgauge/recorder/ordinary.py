"""The short way of ordinary events, in which all that was given is of the plain type and within its range.

That is found out with a few comparisons. Whatever is not so, right or wrong, takes the general way in `entry.py`,
which knows the reasons. `Gauge.llm_call`, which is in every loop of an agent, has a way of its own that is shorter
still.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from agentgauge.events import Event, fields, kinds
from agentgauge.events.codec import encode_json, line_type
from agentgauge.events.event import from_micros
from agentgauge.events.validation import WORDS, check_parts, plain_types
from agentgauge.recorder.given import money

LlmCall: Callable[..., Any] = line_type(kinds.BY_NAME["llm_call"])
TOKENS_BELOW = 1 << 53
REAL = (float, int)
LONGEST_MS = 1e300
"""A whole number near or above the largest float would be written as one that reads as infinite."""
ZERO = 0
_DOLLARS_BELOW = 1_000_000
_NO_EXPONENT = 1e-4
"""From here up a float's text is plain decimals."""
_SHORT = len("0.123456789012")
"""Decimal text of this length, without an exponent, cannot have more than the 12 decimals that are kept."""


def are_parts(total_in: int, total_out: int, read: int, write_5m: int, write_1h: int, reasoning: int) -> bool:
    """Whether cache and reasoning tokens are plain whole numbers within their totals."""
    return (
        type(read) is type(write_5m) is type(write_1h) is type(reasoning) is int
        and read | write_5m | write_1h | reasoning >= 0
        and read + write_5m + write_1h <= total_in
        and reasoning <= total_out
    )


def cost_text(cost: object) -> str:
    """Money as the lake wants it, decimal text; short amounts, which most are, without arithmetic.

    Raises as `given.money` does.
    """
    if type(cost) is float and _NO_EXPONENT <= cost < _DOLLARS_BELOW:
        text = encode_json(cost)  # the text that repr gives, five times as fast
        if len(text) <= _SHORT:
            return text.decode()
    amount = money(cost)
    if not 0 <= amount < _DOLLARS_BELOW:
        raise ValueError(cost)
    return format(amount, "f")


def event_of(call: Any, scope: Mapping[str, Any]) -> Event:
    """The event that the line of an `LlmCall` is read as."""
    return Event(
        kind="llm_call",
        time=from_micros(call.time),
        model=call.model,
        provider=call.provider,
        input_tokens=call.input_tokens,
        output_tokens=call.output_tokens,
        cache_read_tokens=call.cache_read_tokens,
        cache_write_5m_tokens=call.cache_write_5m_tokens,
        cache_write_1h_tokens=call.cache_write_1h_tokens,
        reasoning_tokens=call.reasoning_tokens,
        duration_ms=call.duration_ms,
        outcome=call.outcome,
        cost_usd=None if call.cost_usd is None else Decimal(call.cost_usd),
        cost_source=call.cost_source,
        segment=call.s,
        n=call.n,
        **scope,
    )


class _Shape:
    """What is ordinary of one kind."""

    __slots__ = ("has_outcome", "plain", "required", "words")

    def __init__(self, kind: kinds.Kind) -> None:
        self.plain = {name: plain for name, plain in plain_types(kind.name).items() if name not in fields.SCOPE_NAMES}
        if fields.COST[0] in kind.fields:
            self.plain = self.plain | {"cost_usd": Decimal}
        own = {field.name for field in kind.fields}
        self.words = {name: frozenset(words) for name, words in WORDS.items() if name in own}
        self.required = kind.required
        self.has_outcome = fields.TIMING[1] in kind.fields


_SHAPES = {kind.name: _Shape(kind) for kind in kinds.KINDS}
_OUTCOMES = {True: "success", False: "failure"}
_BEST_QUALITY = 100
_PARTS = frozenset(fields.TOKEN_NAMES) - {"input_tokens", "output_tokens"}


def ordinary_members(kind: str, values: Mapping[str, object], success: object) -> dict[str, Any] | None:
    """An event's own fields as they are kept, its outcome among them; None where it is not ordinary.

    Raises `EventRefused` for parts that exceed their total, and for money that is none.
    """
    shape = _SHAPES.get(kind)
    members = None if shape is None else _plain_values(shape, values)
    if shape is None or members is None:
        return None
    for name in shape.required:
        if members.get(name) in (None, ""):
            return None
    if success is not None and "outcome" not in members:
        if not shape.has_outcome or (success is not True and success is not False):
            return None
        members["outcome"] = _OUTCOMES[success]
    if not _PARTS.isdisjoint(members):
        check_parts(members)
    if members.get("quality_score", 0) > _BEST_QUALITY or (kind == "satisfaction" and members["value"] > 1):
        return None  # out of range, or a score on another scale
    return members


def _plain_values(shape: _Shape, values: Mapping[str, Any]) -> dict[str, Any] | None:
    plain = shape.plain
    members: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        found, expected = type(value), plain.get(name)
        if found is str and (expected is str or value in shape.words.get(name, ())):
            members[name] = value
            continue
        if found is str or (found is not expected and (found is not int or expected is not float)):
            return None
        limit = TOKENS_BELOW
        if found is Decimal:
            value, limit = _dollars(value), _DOLLARS_BELOW
            members["cost_source"] = values.get("cost_source") or "reported"
        if not 0 <= value < limit:
            return None
        members[name] = value
    return members


def _dollars(amount: Decimal) -> Decimal:
    """As `money`; short amounts, which most are, without arithmetic."""
    text = str(amount)
    return amount if len(text) <= _SHORT and "E" not in text and amount.is_finite() else money(amount)

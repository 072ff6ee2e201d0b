"""The short way of an ordinary model call: what `Gauge.llm_call` needs to write one without building an `Event`.

A call is ordinary when all that was given is of the plain type and within its range, which is checked with a few
comparisons. Whatever is not, right or wrong, takes the general way in `entry.py`, which knows the reasons.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from agentgauge.events import kinds
from agentgauge.events.codec import encode_json, line_type
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
"""Decimal text of this length cannot have more than the 12 decimals that are kept."""


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

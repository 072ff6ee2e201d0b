"""The price table of document 000."""

from __future__ import annotations

PRICING: dict[str, dict[str, float]] = {
    "deepseek-chat": {"input": 0.14, "output": 0.28},
    "deepseek-coder": {"input": 0.14, "output": 0.28},
    "gpt-4": {"input": 30.00, "output": 60.00},
    "gpt-4-turbo": {"input": 10.00, "output": 30.00},
    "gpt-3.5-turbo": {"input": 0.50, "output": 1.50},
    "claude-3-opus": {"input": 15.00, "output": 75.00},
    "claude-3-sonnet": {"input": 3.00, "output": 15.00},
    "claude-3-haiku": {"input": 0.25, "output": 1.25},
}
"""USD per million tokens, as document 000 lists them.

Passed as overrides (`PriceBook.load(PRICING)`, `MetricsCollector(..., pricing=PRICING)`) they hold at any date; the
default price book goes by the prices of the day instead. They name no cache prices, so cached input costs what input
costs.
"""

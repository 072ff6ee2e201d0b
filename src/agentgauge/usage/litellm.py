"""LiteLLM's answers: Chat Completions and Responses with the provider, the cost and the time in private fields."""

from __future__ import annotations

import msgspec

from agentgauge.usage.bodies import read_body
from agentgauge.usage.fields import attribute, fields_of, milliseconds, money, text
from agentgauge.usage.reported import Reported


def read_litellm(result: object) -> Reported | None:
    """The cost is LiteLLM's, by its own price map or by what the user has set there."""
    reported = read_body(result)
    if reported is None:
        return None
    hidden = fields_of(attribute(result, "_hidden_params"))
    cost = money(hidden.get("response_cost"))
    duration_ms = milliseconds(hidden.get("_response_ms"))
    return msgspec.structs.replace(
        reported,
        provider=text(hidden, "custom_llm_provider") or reported.provider,
        cost_usd=reported.cost_usd if cost is None else cost,
        duration_ms=reported.duration_ms if duration_ms is None else duration_ms,
    )

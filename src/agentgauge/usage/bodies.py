"""One answer of a provider's API: the decoded JSON or the object that an SDK makes of it, read by the same code."""

from __future__ import annotations

from decimal import Decimal

from agentgauge.events import Usage
from agentgauge.events.fields import TIERS
from agentgauge.usage.fields import count, first, get, items, milliseconds, money, text
from agentgauge.usage.reported import ModelShare, Reported, divided
from agentgauge.usage.tokens import Tokens, added, tokens_of
from agentgauge.usage.vendors import vendor_of

_VENDORS = {"messages": "anthropic", "gemini": "google", "bedrock": "aws", "cohere": "cohere", "ollama": "ollama"}
"""Whose API it is where only one has it. Others speak `chat` and `responses` too."""
_TIERS = {
    "default": "standard",
    "on_demand": "standard",
    "on_demand_flex": "flex",
    "on_demand_priority": "priority",
    **{tier: tier for tier in TIERS},
}
_XAI_TICK = Decimal("1e-10")
_BESIDE_TOTAL = ("compaction", "advisor_message")
"""Iterations of an Anthropic message that are billed and not in its top-level counters."""


def read_body(body: object) -> Reported | None:
    """An answer with its counters in it, or the block of counters alone; None where there are none."""
    block = first(body, "usage", "usageMetadata", "usage_metadata")
    if block is None and get(get(body, "meta"), "billed_units") is not None:
        block = get(body, "meta")
    tokens = tokens_of(body if block is None else block)
    if tokens is None:
        return None
    model = text(body, "model", "modelVersion", "model_version", "model_name", "response_model")
    error = get(body, "error")
    return _with_iterations(
        block,
        Reported(
            usage=tokens.usage,
            model=model,
            provider=_provider(body, block, tokens, model),
            cost_usd=_cost(body, block),
            duration_ms=_duration(body, block, tokens),
            tier=tier_of(body, block),
            response_id=text(body, "id", "response_id", "responseId", "provider_response_id"),
            tool_calls=_tool_calls(body),
            web_searches=_web_searches(block),
            is_error=error is not None or get(body, "status") == "failed",
            error_type=text(error, "code", "type"),
        ),
    )


def _provider(body: object, block: object, tokens: Tokens, model: str | None) -> str | None:
    if tokens.api in _VENDORS:
        return _VENDORS[tokens.api]
    routed = text(get(body, "_hidden_params"), "custom_llm_provider") or text(body, "provider_name")
    if routed is not None:
        return routed
    if get(block, "cost_details") is not None or get(block, "is_byok") is not None:
        return "openrouter"
    if get(body, "x_groq") is not None or get(block, "queue_time") is not None:
        return "groq"
    return vendor_of(model)


def _cost(body: object, block: object) -> Decimal | None:
    """What the answer states: LiteLLM's response cost, OpenRouter's and Perplexity's cost, xAI's ticks."""
    of_litellm = money(get(get(body, "_hidden_params"), "response_cost"))
    if of_litellm is not None:
        return of_litellm
    ticks = get(block, "cost_in_usd_ticks")
    if ticks is not None:
        return money(count(block, "cost_in_usd_ticks") * _XAI_TICK)
    stated = get(block, "cost")
    cost = money(stated)
    if cost is None:
        return money(get(stated, "total_cost"))
    if get(block, "is_byok") is True:  # OpenRouter's fee; the provider bills the rest to the user's own key
        cost += money(get(get(block, "cost_details"), "upstream_inference_cost")) or 0
    return cost


def _duration(body: object, block: object, tokens: Tokens) -> float | None:
    if tokens.api == "ollama":
        return milliseconds(get(body, "total_duration"), 1e-6)
    if tokens.api == "bedrock":
        return milliseconds(get(get(body, "metrics"), "latencyMs"))
    if tokens.api == "chat":
        stated = milliseconds(get(body, "_response_ms"))
        return stated if stated is not None else milliseconds(get(block, "total_time"), 1000)
    return None


def tier_of(body: object, block: object) -> str | None:
    """The service tier that the counters or the answer name, in our words; None for none and for one unknown to us."""
    if get(block, "speed") == "fast":
        return "fast"
    stated = first(block, "service_tier", "serviceTier", "trafficType", "traffic_type")
    if stated is None:
        stated = first(body, "service_tier", "serviceTier")
    if stated is not None and not isinstance(stated, str):
        stated = first(stated, "type", "value")  # Bedrock's object, google-genai's enum
    return _TIERS.get(stated.lower()) if isinstance(stated, str) else None


def _web_searches(block: object) -> int:
    return count(get(block, "server_tool_use"), "web_search_requests")


def _tool_calls(body: object) -> int | None:
    """Calls of the user's tools in the answer's content; None where the content is not there."""
    choices = items(get(body, "choices"))
    if choices:
        return len(items(get(get(choices[0], "message"), "tool_calls")))
    for name in ("content", "output"):
        content = get(body, name)
        if isinstance(content, list):
            return sum(get(part, "type") in ("tool_use", "function_call", "custom_tool_call") for part in content)
    return None


def _with_iterations(block: object, reported: Reported) -> Reported:
    """With Anthropic's own compaction and advisor calls counted in, which the message's counters leave out.

    Source: the fields' documentation in anthropic.types.beta, and the recorded bodies, where the counters are the sum
    of the other iterations.
    """
    beside = [entry for entry in items(get(block, "iterations")) if get(entry, "type") in _BESIDE_TOTAL]
    if not beside:
        return reported
    by_model = {reported.model: (reported.usage, 1)}
    for entry in beside:
        tokens = tokens_of(entry)
        if tokens is not None:
            model = text(entry, "model") or reported.model
            usage, requests = by_model.get(model, (Usage(), 0))
            by_model[model] = (added(usage, tokens.usage), requests + 1)
    return divided(
        reported,
        [
            ModelShare(usage=usage, model=model, provider=reported.provider, requests=requests)
            for model, (usage, requests) in by_model.items()
        ],
    )

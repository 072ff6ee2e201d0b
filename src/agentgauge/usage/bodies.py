"""One answer of a provider's API: the decoded JSON or the object that an SDK makes of it, read by the same code."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

from agentgauge.events import Usage
from agentgauge.events.fields import TIERS
from agentgauge.usage.fields import Fields, attribute, count, fields_of, first, items, milliseconds, money, text, within
from agentgauge.usage.reported import ModelShare, Reported, divided
from agentgauge.usage.tokens import tokens_of
from agentgauge.usage.vendors import vendor_of

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
_TOOL_USES = ("tool_use", "function_call", "custom_tool_call")


def read_body(result: object) -> Reported | None:
    """An answer with its counters in it, or the block of counters alone; None where there are none."""
    body = fields_of(result)
    block = first(body, "usage", "usageMetadata", "usage_metadata")
    if block is None and hasattr(type(result), "usage"):  # a property, of a class that has other fields
        block = attribute(result, "usage")
    if block is None:
        meta = within(body, "meta")  # where Cohere has its counters outside of chats
        block = result if meta.get("billed_units") is None else meta
    tokens = tokens_of(block)
    if tokens is None:
        return None
    counters = fields_of(block)
    return _READERS[tokens.api](body, counters, tokens.usage)


def tier_of(stated: object) -> str | None:
    """A provider's word for a service tier in ours; None for none and for one that we have no word for."""
    if stated is None:
        return None
    if not isinstance(stated, str):  # Bedrock's object, google-genai's enum
        stated = fields_of(stated).get("type") or attribute(stated, "value")
    return _TIERS.get(stated.lower()) if isinstance(stated, str) else None


def _of_openai(body: Fields, counters: Fields, usage: Usage) -> Reported:
    """Chat Completions and Responses, which many providers speak."""
    model = text(body, "model") or text(body, "model_name")
    error = body.get("error")
    return Reported(
        usage=usage,
        model=model,
        provider=_provider(body, counters, model),
        cost_usd=_stated_cost(counters),
        duration_ms=milliseconds(counters.get("total_time"), 1000),  # Groq
        tier=tier_of(body.get("service_tier")),
        response_id=text(body, "id") or text(body, "response_id") or text(body, "provider_response_id"),
        tool_calls=_tool_calls(body),
        is_error=error is not None or body.get("status") == "failed",
        error_type=None if error is None else text(fields_of(error), "code") or text(fields_of(error), "type"),
    )


def _provider(body: Fields, counters: Fields, model: str | None) -> str | None:
    if (stated := text(body, "provider_name")) is not None:
        return stated
    if counters.get("cost_details") is not None or counters.get("is_byok") is not None:
        return "openrouter"
    if counters.get("queue_time") is not None:
        return "groq"
    return vendor_of(model)


def _stated_cost(counters: Fields) -> Decimal | None:
    """xAI's ticks, OpenRouter's and Perplexity's cost."""
    if counters.get("cost_in_usd_ticks") is not None:
        return money(count(counters, "cost_in_usd_ticks") * _XAI_TICK)
    stated = counters.get("cost")
    if stated is None:
        return None
    cost = money(stated)
    if cost is None:
        return money(fields_of(stated).get("total_cost"))
    if counters.get("is_byok") is True:  # OpenRouter's fee; the provider bills the rest to the user's own key
        cost += money(within(counters, "cost_details").get("upstream_inference_cost")) or 0
    return cost


def _tool_calls(body: Fields) -> int | None:
    """Calls of the user's tools in the answer; None where what it answered is not there."""
    choices = items(body.get("choices"))
    if choices:
        message = within(fields_of(choices[0]), "message")
        return len(items(message.get("tool_calls")))
    content = first(body, "content", "output")
    if isinstance(content, list):
        return sum(fields_of(part).get("type") in _TOOL_USES for part in content)
    return None


def _of_anthropic(body: Fields, counters: Fields, usage: Usage) -> Reported:
    reported = Reported(
        usage=usage,
        model=text(body, "model"),
        provider="anthropic",
        tier="fast" if counters.get("speed") == "fast" else tier_of(counters.get("service_tier")),
        response_id=text(body, "id"),
        tool_calls=_tool_calls(body),
        web_searches=count(within(counters, "server_tool_use"), "web_search_requests"),
    )
    iterations = counters.get("iterations")
    return reported if iterations is None else _with_iterations(reported, items(iterations))


def _with_iterations(reported: Reported, iterations: list[object]) -> Reported:
    """With Anthropic's own compaction and advisor calls counted in, which the message's counters leave out.

    Source: the fields' documentation in anthropic.types.beta, and the recorded bodies, where the counters are the sum
    of the other iterations.
    """
    parts = [ModelShare(usage=reported.usage, model=reported.model, provider=reported.provider)]
    for iteration in iterations:
        fields = fields_of(iteration)
        if fields.get("type") in _BESIDE_TOTAL and (tokens := tokens_of(iteration)) is not None:
            model = text(fields, "model") or reported.model
            parts.append(ModelShare(usage=tokens.usage, model=model, provider=reported.provider))
    return divided(reported, parts)


def _of_gemini(body: Fields, counters: Fields, usage: Usage) -> Reported:
    return Reported(
        usage=usage,
        model=text(body, "modelVersion") or text(body, "model_version") or text(body, "model"),
        provider="google",
        tier=tier_of(first(counters, "serviceTier", "service_tier", "trafficType", "traffic_type")),
        response_id=text(body, "responseId") or text(body, "response_id"),
    )


def _of_bedrock(body: Fields, counters: Fields, usage: Usage) -> Reported:
    """A Converse answer, which does not name its model."""
    return Reported(
        usage=usage,
        model=text(body, "model"),
        provider="aws",
        duration_ms=milliseconds(within(body, "metrics").get("latencyMs")),
        tier=tier_of(body.get("serviceTier")),
        response_id=text(within(body, "ResponseMetadata"), "RequestId"),
    )


def _of_cohere(body: Fields, counters: Fields, usage: Usage) -> Reported:
    return Reported(usage=usage, model=text(body, "model"), provider="cohere", response_id=text(body, "id"))


def _of_ollama(body: Fields, counters: Fields, usage: Usage) -> Reported:
    return Reported(
        usage=usage,
        model=text(body, "model"),
        provider="ollama",
        duration_ms=milliseconds(body.get("total_duration"), 1e-6),
    )


_READERS: dict[str, Callable[[Fields, Fields, Usage], Reported]] = {
    "chat": _of_openai,
    "messages": _of_anthropic,
    "totals": _of_openai,
    "langchain": _of_openai,
    "responses": _of_openai,
    "gemini": _of_gemini,
    "bedrock": _of_bedrock,
    "cohere": _of_cohere,
    "ollama": _of_ollama,
}

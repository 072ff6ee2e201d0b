"""Results of whole agent runs: pydantic-ai, the OpenAI Agents SDK, the Claude Agent SDK."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from agentgauge.events import Usage
from agentgauge.usage.bodies import read_body
from agentgauge.usage.fields import count, get, items, milliseconds, money, text
from agentgauge.usage.reported import ModelShare, Reported, divided
from agentgauge.usage.tokens import added, subtracted, tokens_of
from agentgauge.usage.vendors import vendor_of


def read_pydantic_ai(result: object) -> Reported | None:
    """An `AgentRunResult` or a streamed one, finished or not; `usage` is a property, in older versions a method.

    The run's total counts what its messages do not show: the runs of other agents that were given its usage, attempts
    of a fallback model. That is a share without a model. pydantic-ai's own cost is not taken: it is computed from the
    list prices that the meter has too, and would pass for a stated one.
    """
    stated = get(result, "usage")
    total = tokens_of(stated)
    if total is None and callable(stated):  # tried second: newer versions keep the property callable, with a warning
        stated = stated()
        total = tokens_of(stated)
    if total is None:
        return None
    messages = get(result, "new_messages")
    answers = [
        message for message in items(messages() if callable(messages) else None) if get(message, "kind") == "response"
    ]
    last = answers[-1] if answers else get(result, "response")
    reported = Reported(
        usage=total.usage,
        model=text(last, "model_name"),
        provider=text(last, "provider_name") or vendor_of(text(last, "model_name")),
        requests=max(count(stated, "requests"), 1),
        response_id=text(last, "provider_response_id"),
        session_id=text(result, "conversation_id"),
        tool_calls=count(stated, "tool_calls"),
    )
    return _by_model(reported, answers)


def _by_model(reported: Reported, answers: list[object]) -> Reported:
    seen: dict[tuple[str | None, str | None], tuple[Usage, int]] = {}
    own = Usage()
    for answer in answers:
        tokens = tokens_of(get(answer, "usage"))
        if tokens is not None:
            key = (text(answer, "model_name"), text(answer, "provider_name"))
            usage, requests = seen.get(key, (Usage(), 0))
            seen[key] = (added(usage, tokens.usage), requests + 1)
            own = added(own, tokens.usage)
    rest = subtracted(reported.usage, own)
    if rest is None or (len(seen) < 2 and rest == Usage()) or own == Usage():
        return reported
    shares = [
        ModelShare(usage=usage, model=model, provider=provider, requests=requests)
        for (model, provider), (usage, requests) in seen.items()
    ]
    if rest != Usage():
        shares.append(ModelShare(usage=rest, requests=max(reported.requests - len(answers), 0)))
    return divided(reported, shares)


def read_openai_agents(result: object) -> Reported | None:
    """A `RunResult`. It names no model but through its agents, and that only where they name one themselves."""
    usage = get(get(result, "context_wrapper"), "usage")
    total = tokens_of(usage)
    if total is None:
        return None
    last_agent = get(result, "last_agent")
    new_items = items(get(result, "new_items"))
    models = {_model_of(agent) for item in new_items if (agent := get(item, "agent")) is not None}
    models.add(_model_of(last_agent))
    model = models.pop() if len(models) == 1 else None
    responses = items(get(result, "raw_responses"))
    return Reported(
        usage=total.usage,
        model=model,
        provider=vendor_of(model),
        requests=max(count(usage, "requests"), 1),
        response_id=text(responses[-1], "response_id") if responses else None,
        agent=text(last_agent, "name"),
        tool_calls=sum(get(item, "type") == "tool_call_item" for item in new_items),
    )


def _model_of(agent: object) -> str | None:
    model = get(agent, "model")
    return model if isinstance(model, str) and model else text(model, "model")


def read_claude_agent(result: object) -> Reported | None:
    """A `ResultMessage`, or the `result` line of Claude Code's JSON output. The cost is Claude Code's own estimate.

    Cost and counters by model are totals of the process that runs the session; `usage` is of its last turn, without
    subagents. Source: anthropics/claude-code issues 39733 and 83239. Which model made how many of the calls is not
    said: the one that wrote most is given all but one for each other.
    """
    turn = read_body({"usage": get(result, "usage")})
    reported = Reported(
        usage=Usage() if turn is None else turn.usage,
        turn=None if turn is None else turn.usage,
        provider="anthropic",
        tier=None if turn is None else turn.tier,
        cost_usd=money(get(result, "total_cost_usd")),
        requests=max(count(result, "num_turns"), 1),
        duration_ms=milliseconds(get(result, "duration_ms")),
        response_id=text(result, "uuid"),
        session_id=text(result, "session_id"),
        web_searches=0 if turn is None else turn.web_searches,
        is_error=get(result, "is_error") is True,
        error_type=text(result, "subtype") if get(result, "subtype") != "success" else None,
        is_running_total=True,
    )
    by_model = get(result, "model_usage") or get(result, "modelUsage")
    if not isinstance(by_model, Mapping) or not by_model:
        return reported if turn is not None or reported.cost_usd is not None else None
    shares = [
        ModelShare(usage=tokens.usage, model=model, provider="anthropic", cost_usd=money(get(counters, "costUSD")))
        for model, counters in by_model.items()
        if isinstance(model, str) and (tokens := tokens_of(counters)) is not None
    ]
    main = max(range(len(shares)), key=lambda n: shares[n].usage.output_tokens)
    shares[main] = msgspec.structs.replace(shares[main], requests=max(reported.requests - len(shares) + 1, 1))
    searches = sum(count(counters, "webSearchRequests") for counters in by_model.values())
    return divided(msgspec.structs.replace(reported, model=shares[main].model, web_searches=searches), shares)

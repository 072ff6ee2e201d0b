"""Results of whole agent runs: pydantic-ai, the OpenAI Agents SDK, the Claude Agent SDK."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import reduce

import msgspec

from agentgauge.events import Usage
from agentgauge.usage.bodies import read_body
from agentgauge.usage.fields import attribute, count, fields_of, first, items, milliseconds, money, text, within
from agentgauge.usage.reported import ModelShare, Reported, divided
from agentgauge.usage.tokens import added, subtracted, tokens_of
from agentgauge.usage.vendors import vendor_of


def read_pydantic_ai(result: object) -> Reported | None:
    """An `AgentRunResult` or a streamed one, finished or not; `usage` is a property, in older versions a method.

    The run's total counts what its messages do not show: the runs of other agents that were given its usage, attempts
    of a fallback model. That is a share without a model. pydantic-ai's own cost is not taken: it is computed from the
    list prices that the meter has too, and would pass for a stated one.
    """
    stated = attribute(result, "usage")
    total = tokens_of(stated)
    if total is None and callable(stated):  # tried second: newer versions keep the property callable, with a warning
        stated = stated()
        total = tokens_of(stated)
    if total is None:
        return None
    messages = attribute(result, "new_messages")
    new = (fields_of(message) for message in items(messages() if callable(messages) else None))
    answers = [fields for fields in new if fields.get("usage") is not None]
    last = answers[-1] if answers else fields_of(attribute(result, "response"))
    model = text(last, "model_name")
    counters = fields_of(stated)
    reported = Reported(
        usage=total.usage,
        model=model,
        provider=text(last, "provider_name") or vendor_of(model),
        requests=max(count(counters, "requests"), 1),
        response_id=text(last, "provider_response_id"),
        session_id=_conversation(result),
        tool_calls=count(counters, "tool_calls"),
    )
    parts = [
        ModelShare(usage=tokens.usage, model=text(answer, "model_name"), provider=text(answer, "provider_name"))
        for answer in answers
        if (tokens := tokens_of(answer.get("usage"))) is not None
    ]
    return _with_rest(reported, parts)


def _conversation(result: object) -> str | None:
    stated = attribute(result, "conversation_id")
    return stated if isinstance(stated, str) else None


def _with_rest(reported: Reported, parts: list[ModelShare]) -> Reported:
    """Divided into the answers that a run shows and, without a model, what its total counts beside them."""
    rest = subtracted(reported.usage, reduce(added, (part.usage for part in parts), Usage()))
    if rest is None or rest == reported.usage:
        return reported
    if rest != Usage():
        requests = reported.requests - sum(part.requests for part in parts)
        parts.append(ModelShare(usage=rest, requests=max(requests, 0)))
    return divided(reported, parts)


def read_openai_agents(result: object) -> Reported | None:
    """A `RunResult`, or a streamed one. It names no model but through its agents: what `RunConfig(model=...)` put in
    their place is not seen, and where the agents' models differ none is named. Agents that ran as tools of others are
    in the total and not among the responses: a share without a model.
    """
    usage = attribute(attribute(result, "context_wrapper"), "usage")
    total = tokens_of(usage)
    if total is None:
        return None
    last_agent = attribute(result, "last_agent")
    new_items = items(attribute(result, "new_items"))
    agents = {id(agent): agent for item in new_items if (agent := attribute(item, "agent")) is not None}
    models = {_model_of(agent) for agent in (*agents.values(), last_agent)}
    model = models.pop() if len(models) == 1 else None
    provider = vendor_of(model)
    responses = [fields_of(response) for response in items(attribute(result, "raw_responses"))]
    name = attribute(last_agent, "name")
    reported = Reported(
        usage=total.usage,
        model=model,
        provider=provider,
        requests=max(count(fields_of(usage), "requests"), 1),
        response_id=text(responses[-1], "response_id") if responses else None,
        agent=name if isinstance(name, str) else None,
        tool_calls=sum(attribute(item, "type") == "tool_call_item" for item in new_items),
    )
    parts = [
        ModelShare(
            usage=tokens.usage, model=model, provider=provider, requests=count(within(response, "usage"), "requests")
        )
        for response in responses
        if (tokens := tokens_of(response.get("usage"))) is not None
    ]
    return _with_rest(reported, parts)


def _model_of(agent: object) -> str | None:
    model = attribute(agent, "model")
    if model is None:  # the agent leaves it to its SDK, which is loaded: it made the agent
        default = attribute(sys.modules.get("agents.models.default_models"), "get_default_model")
        model = default() if callable(default) else None
    if not isinstance(model, str):
        model = attribute(model, "model")
    return model if isinstance(model, str) and model else None


def read_claude_agent(result: object) -> Reported | None:
    """A `ResultMessage`, or the `result` line of Claude Code's JSON output. The cost is Claude Code's own estimate.

    Cost and counters by model are totals of the process that runs the session; `usage` is of its last turn, without
    subagents. Source: anthropics/claude-code issues 39733 and 83239. Which model made how many of the calls is not
    said: the one that wrote most is given all but one for each other.
    """
    fields = fields_of(result)
    turn = read_body({"usage": fields.get("usage")})
    is_error, subtype = fields.get("is_error") is True, text(fields, "subtype")
    reported = Reported(
        usage=Usage() if turn is None else turn.usage,
        turn=None if turn is None else turn.usage,
        provider="anthropic",
        tier=None if turn is None else turn.tier,
        cost_usd=money(fields.get("total_cost_usd")),
        requests=max(count(fields, "num_turns"), 1),
        duration_ms=milliseconds(fields.get("duration_ms")),
        response_id=text(fields, "uuid"),
        session_id=text(fields, "session_id"),
        web_searches=0 if turn is None else turn.web_searches,
        is_error=is_error,
        error_type=subtype if is_error and subtype != "success" else None,
        is_running_total=True,
    )
    by_model = first(fields, "model_usage", "modelUsage")
    counters = {str(model): fields_of(of) for model, of in by_model.items()} if isinstance(by_model, Mapping) else {}
    shares = [
        ModelShare(usage=tokens.usage, model=model, provider="anthropic", cost_usd=money(of.get("costUSD")))
        for model, of in counters.items()
        if (tokens := tokens_of(of)) is not None
    ]
    if not shares:
        return reported if turn is not None or reported.cost_usd is not None else None
    main = max(range(len(shares)), key=lambda n: shares[n].usage.output_tokens)
    requests = max(reported.requests - len(shares) + 1, 1)
    shares[main] = msgspec.structs.replace(shares[main], requests=requests)
    searches = sum(count(of, "webSearchRequests") for of in counters.values())
    return divided(msgspec.structs.replace(reported, model=shares[main].model, web_searches=searches), shares)

"""LangChain: messages, lists of them, the state that a LangGraph agent returns, and `LLMResult`."""

from __future__ import annotations

from agentgauge.usage.bodies import read_body, tier_of
from agentgauge.usage.fields import attribute, fields_of, first, items, text, within
from agentgauge.usage.reported import ModelShare, Reported, divided
from agentgauge.usage.tokens import tokens_of
from agentgauge.usage.vendors import vendor_of


def read_message(message: object) -> Reported | None:
    """An `AIMessage` or a chunk of one; a message of anybody else has no usage."""
    fields = fields_of(message)
    about = within(fields, "response_metadata")
    tokens = tokens_of(fields.get("usage_metadata")) or tokens_of(first(about, "token_usage", "usage"))
    if tokens is None:
        return None
    model = text(about, "model_name") or text(about, "model") or text(about, "model_id")
    return Reported(
        usage=tokens.usage,
        model=model,
        provider=text(about, "model_provider") or vendor_of(model),
        tier=tier_of(about.get("service_tier")),
        response_id=text(about, "id") or text(fields, "id"),
        agent=text(fields, "name"),
        tool_calls=len(items(fields.get("tool_calls"))),
    )


def read_messages(messages: list[object]) -> Reported | None:
    """All the answers in a list of messages; what is no answer is passed over. None where there is no answer."""
    answers = (read_message(message) for message in messages if attribute(message, "response_metadata") is not None)
    return _together([answer for answer in answers if answer is not None])


def read_state(state: object) -> Reported | None:
    """What an agent made by LangChain or LangGraph returns: the answers since the last human message.

    What is before it belongs to an earlier turn of the conversation, whose state had it too.
    """
    messages = items(fields_of(state).get("messages"))
    turn = max((n for n, message in enumerate(messages) if attribute(message, "type") == "human"), default=-1)
    return read_messages(messages[turn + 1 :])


def read_llm_result(result: object) -> Reported | None:
    """One answer for each prompt; the candidates for one prompt all state the same use."""
    fields = fields_of(result)
    answers = []
    for candidates in items(fields.get("generations")):
        message = attribute(next(iter(items(candidates)), None), "message")
        if message is not None and (answer := read_message(message)) is not None:
            answers.append(answer)
    if answers:
        return _together(answers)
    stated = within(fields, "llm_output")
    return read_body({"usage": first(stated, "token_usage", "usage"), "model": first(stated, "model_name", "model")})


def _together(answers: list[Reported]) -> Reported | None:
    if len(answers) < 2:
        return answers[0] if answers else None
    last = answers[-1]
    tiers = {answer.tier for answer in answers}
    whole = Reported(
        usage=last.usage,
        model=last.model,
        provider=last.provider,
        tier=last.tier if len(tiers) == 1 else None,
        response_id=last.response_id,
        agent=last.agent,
        tool_calls=sum(answer.tool_calls or 0 for answer in answers),
    )
    return divided(
        whole, (ModelShare(usage=answer.usage, model=answer.model, provider=answer.provider) for answer in answers)
    )

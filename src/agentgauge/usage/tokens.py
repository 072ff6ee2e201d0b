"""Blocks of token counters, told apart by their field names and brought to one meaning.

Providers disagree in two ways: whether the input counter includes cached tokens, and whether the output counter
includes reasoning. `Usage` includes both, so what a provider counts beside the total is added to it.

    api         is known by                                       counted beside the total
    chat        prompt_tokens, completion_tokens                  nothing; by some, reasoning (see `_chat`)
    messages    input_tokens and cache_*_input_tokens             cache reads and writes
    responses   input_tokens                                      nothing
    langchain   input_token_details                               nothing
    totals      cache_read_tokens, request_tokens                 nothing: pydantic-ai's counters, and ours
    gemini      promptTokenCount, also in snake case              tool-use prompts, thoughts
    bedrock     inputTokens                                       cache reads and writes
    cohere      billed_units                                      nothing
    ollama      prompt_eval_count                                 nothing
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agentgauge.events import Usage
from agentgauge.usage.fields import count, get, has, items


class Tokens(msgspec.Struct, frozen=True):
    usage: Usage
    api: str
    """Whose counters they are, in the words of the table above."""


def tokens_of(block: object) -> Tokens | None:
    """What a block of counters says; None where it is none."""
    for names, api, reader in _APIS:
        for name in names:
            if has(block, name):
                return Tokens(reader(block), api)
    return None


def usage_of(
    input_tokens: int, output_tokens: int, *, read: int = 0, write_5m: int = 0, write_1h: int = 0, reasoning: int = 0
) -> Usage:
    """Totals and their parts. Parts that exceed the total cannot have been counted in it: they are added to it."""
    cached = read + write_5m + write_1h
    if cached > input_tokens:
        input_tokens += cached
    if reasoning > output_tokens:
        output_tokens += reasoning
    return Usage(input_tokens, output_tokens, read, write_5m, write_1h, reasoning)


def added(left: Usage, right: Usage) -> Usage:
    return Usage(
        left.input_tokens + right.input_tokens,
        left.output_tokens + right.output_tokens,
        left.cache_read_tokens + right.cache_read_tokens,
        left.cache_write_5m_tokens + right.cache_write_5m_tokens,
        left.cache_write_1h_tokens + right.cache_write_1h_tokens,
        left.reasoning_tokens + right.reasoning_tokens,
    )


def subtracted(whole: Usage, part: Usage) -> Usage | None:
    """`whole` without `part`; None where some counter of the part is larger."""
    rest = Usage(
        whole.input_tokens - part.input_tokens,
        whole.output_tokens - part.output_tokens,
        whole.cache_read_tokens - part.cache_read_tokens,
        whole.cache_write_5m_tokens - part.cache_write_5m_tokens,
        whole.cache_write_1h_tokens - part.cache_write_1h_tokens,
        whole.reasoning_tokens - part.reasoning_tokens,
    )
    return None if min(msgspec.structs.astuple(rest)) < 0 else rest


def written(block: object, total: int) -> tuple[int, int]:
    """Tokens written to a cache for 5 minutes and for an hour. What is not said to be for an hour is for 5 minutes."""
    one_hour = count(block, "ephemeral_1h_input_tokens")
    return max(total - one_hour, count(block, "ephemeral_5m_input_tokens")), one_hour


def _chat(block: object) -> Usage:
    """Of xAI and others `completion_tokens` leaves reasoning out. Their `total_tokens` shows it.

    Mistral's `num_cached_tokens` is not read: what it bills as cached is in the details.
    """
    prompt, completion = count(block, "prompt_tokens"), count(block, "completion_tokens")
    details = get(block, "prompt_tokens_details")
    read = count(details, "cached_tokens") or count(
        block, "prompt_cache_hit_tokens", "cached_tokens", "cached_prompt_text_tokens", "cache_read_input_tokens"
    )
    total_written = count(details, "cache_write_tokens", "cache_creation_tokens") or count(
        block, "cache_creation_input_tokens"
    )
    write_5m, write_1h = written(get(details, "cache_creation_token_details"), total_written)
    reasoning = count(get(block, "completion_tokens_details"), "reasoning_tokens") or count(block, "reasoning_tokens")
    if reasoning and count(block, "total_tokens") == prompt + completion + reasoning:
        completion += reasoning
    return usage_of(prompt, completion, read=read, write_5m=write_5m, write_1h=write_1h, reasoning=reasoning)


def _messages(block: object) -> Usage:
    read, creation = count(block, "cache_read_input_tokens"), count(block, "cache_creation_input_tokens")
    write_5m, write_1h = written(get(block, "cache_creation"), creation)
    return Usage(
        count(block, "input_tokens") + read + write_5m + write_1h,
        max(count(block, "output_tokens"), reasoning := _reasoning(block)),
        read,
        write_5m,
        write_1h,
        reasoning,
    )


def _responses(block: object) -> Usage:
    """Also the OpenAI Agents SDK's, and anybody's who states two totals and no more."""
    details = get(block, "input_tokens_details")
    return usage_of(
        count(block, "input_tokens"),
        count(block, "output_tokens"),
        read=count(details, "cached_tokens"),
        write_5m=count(details, "cache_write_tokens"),
        reasoning=_reasoning(block),
    )


def _reasoning(block: object) -> int:
    return count(get(block, "output_tokens_details"), "reasoning_tokens", "thinking_tokens")


def _langchain(block: object) -> Usage:
    """LangChain names a part of another service tier with the tier in front: priority_cache_read."""
    details, of_output = get(block, "input_token_details"), get(block, "output_token_details")
    one_hour = count(details, "ephemeral_1h_input_tokens")
    return usage_of(
        count(block, "input_tokens"),
        count(block, "output_tokens"),
        read=count(details, "cache_read", "priority_cache_read", "flex_cache_read", "cached_tokens"),
        write_5m=count(details, "cache_creation") + count(details, "ephemeral_5m_input_tokens"),
        write_1h=one_hour,
        reasoning=count(of_output, "reasoning", "priority_reasoning", "flex_reasoning"),
    )


def _totals(block: object) -> Usage:
    one_hour = count(block, "cache_write_1h_tokens")
    five_minutes = max(count(block, "cache_write_tokens") - one_hour, count(block, "cache_write_5m_tokens"))
    reasoning = count(block, "output_reasoning_tokens", "reasoning_tokens") or count(
        get(block, "details"), "reasoning_tokens", "thoughts_tokens"
    )
    return usage_of(
        count(block, "input_tokens", "request_tokens"),
        count(block, "output_tokens", "response_tokens"),
        read=count(block, "cache_read_tokens"),
        write_5m=five_minutes,
        write_1h=one_hour,
        reasoning=reasoning,
    )


def _gemini(block: object) -> Usage:
    thoughts = count(block, "thoughtsTokenCount", "thoughts_token_count")
    return usage_of(
        count(block, "promptTokenCount", "prompt_token_count")
        + count(block, "toolUsePromptTokenCount", "tool_use_prompt_token_count"),
        count(block, "candidatesTokenCount", "candidates_token_count", "responseTokenCount", "response_token_count")
        + thoughts,
        read=count(block, "cachedContentTokenCount", "cached_content_token_count"),
        reasoning=thoughts,
    )


def _bedrock(block: object) -> Usage:
    """Also the counters by model of the Claude Agent SDK, which have the same names and meaning."""
    read = count(block, "cacheReadInputTokens", "cacheReadInputTokenCount")
    total = count(block, "cacheWriteInputTokens", "cacheWriteInputTokenCount", "cacheCreationInputTokens")
    one_hour = sum(
        count(entry, "inputTokens") for entry in items(get(block, "cacheDetails")) if get(entry, "ttl") == "1h"
    )
    one_hour = min(one_hour, total)
    return Usage(
        count(block, "inputTokens") + read + total, count(block, "outputTokens"), read, total - one_hour, one_hour
    )


def _cohere(block: object) -> Usage:
    """What is billed. `tokens` counts Cohere's own prompt in too, and `cached_tokens` are of that."""
    units = get(block, "billed_units")
    return usage_of(count(units, "input_tokens"), count(units, "output_tokens"))


def _ollama(block: object) -> Usage:
    return usage_of(count(block, "prompt_eval_count"), count(block, "eval_count"))


_APIS: tuple[tuple[tuple[str, ...], str, Callable[[object], Usage]], ...] = (
    (("prompt_tokens", "completion_tokens"), "chat", _chat),
    (("cache_creation_input_tokens", "cache_read_input_tokens"), "messages", _messages),
    (("cache_read_tokens", "cache_write_tokens", "request_tokens", "response_tokens"), "totals", _totals),
    (("input_token_details", "output_token_details"), "langchain", _langchain),
    (("input_tokens", "output_tokens"), "responses", _responses),
    (("promptTokenCount", "prompt_token_count", "totalTokenCount", "total_token_count"), "gemini", _gemini),
    (("inputTokens", "outputTokens"), "bedrock", _bedrock),
    (("billed_units",), "cohere", _cohere),
    (("prompt_eval_count", "eval_count"), "ollama", _ollama),
)
"""In this order: a name further up decides."""

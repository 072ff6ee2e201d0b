"""Blocks of token counters, told apart by their field names and brought to one meaning.

Providers disagree in two ways: whether the input counter includes cached tokens, and whether the output counter
includes reasoning. `Usage` includes both, so what a provider counts beside the total is added to it.

    api         is known by                              counted beside the total
    chat        prompt_tokens, completion_tokens         nothing; by some, reasoning (see `_chat`)
    messages    input_tokens and cache_*_input_tokens    cache reads and writes
    totals      cache_read_tokens, request_tokens, ...   nothing: pydantic-ai's counters, and ours
    langchain   input_token_details                      nothing
    responses   input_tokens                             nothing
    gemini      promptTokenCount, also in snake case     tool-use prompts, thoughts
    bedrock     inputTokens                              cache reads and writes
    cohere      billed_units                             nothing
    ollama      prompt_eval_count                        nothing
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from agentgauge.events import Usage
from agentgauge.usage.fields import Fields, count, fields_of, items, within

TWO_TOTALS = "responses"
"""The counters of OpenAI's Responses, and of whoever states an input and an output."""


class Tokens(msgspec.Struct, frozen=True, gc=False):
    usage: Usage
    api: str
    """Whose counters they are, in the words of the table above."""


def tokens_of(block: object) -> Tokens | None:
    """What a block of counters says; None where it is none."""
    counters = fields_of(block)
    for name, (api, reader) in _APIS.items():
        if counters.get(name) is not None:
            return Tokens(reader(counters), api)
    return None


def usage_of(
    input_tokens: int, output_tokens: int, read: int = 0, write_5m: int = 0, write_1h: int = 0, reasoning: int = 0
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


def _written(split: Fields, total: int) -> tuple[int, int]:
    """Tokens written to a cache for 5 minutes and for an hour. What is not said to be for an hour is for 5 minutes."""
    one_hour = count(split, "ephemeral_1h_input_tokens")
    return max(total - one_hour, count(split, "ephemeral_5m_input_tokens")), one_hour


def _chat(counters: Fields) -> Usage:
    """Of xAI and others `completion_tokens` leaves reasoning out. Their `total_tokens` shows it.

    Mistral's `num_cached_tokens` is not read: what it bills as cached is in the details.
    """
    prompt, completion = count(counters, "prompt_tokens"), count(counters, "completion_tokens")
    details = within(counters, "prompt_tokens_details")
    read = count(details, "cached_tokens") or (
        count(counters, "prompt_cache_hit_tokens")  # DeepSeek
        or count(counters, "cached_tokens")  # Moonshot, Together
        or count(counters, "cached_prompt_text_tokens")  # xAI's own SDK
        or count(counters, "cache_read_input_tokens")  # LiteLLM
    )
    write_5m = count(details, "cache_write_tokens") or count(counters, "cache_creation_input_tokens")
    write_1h = 0
    if write_5m:
        write_5m, write_1h = _written(within(details, "cache_creation_token_details"), write_5m)
    reasoning = count(within(counters, "completion_tokens_details"), "reasoning_tokens") or count(
        counters, "reasoning_tokens"
    )
    if reasoning and count(counters, "total_tokens") == prompt + completion + reasoning:
        completion += reasoning
    return usage_of(prompt, completion, read, write_5m, write_1h, reasoning)


def _messages(counters: Fields) -> Usage:
    read = count(counters, "cache_read_input_tokens")
    write_5m, write_1h = _written(within(counters, "cache_creation"), count(counters, "cache_creation_input_tokens"))
    return usage_of(
        count(counters, "input_tokens") + read + write_5m + write_1h,
        count(counters, "output_tokens"),
        read,
        write_5m,
        write_1h,
        count(within(counters, "output_tokens_details"), "thinking_tokens"),
    )


def _responses(counters: Fields) -> Usage:
    """Also the OpenAI Agents SDK's, pydantic-ai's where no cache is in play, and anybody's who states two totals."""
    details = within(counters, "input_tokens_details")
    of_output = within(counters, "output_tokens_details")
    return usage_of(
        count(counters, "input_tokens"),
        count(counters, "output_tokens"),
        count(details, "cached_tokens"),
        count(details, "cache_write_tokens"),
        0,
        count(of_output, "reasoning_tokens") or count(of_output, "thinking_tokens") or _reasoning_beside(counters),
    )


def _reasoning_beside(counters: Fields) -> int:
    """Of pydantic-ai's versions that had no counter of its own for it."""
    details = within(counters, "details")
    return count(details, "reasoning_tokens") or count(details, "thoughts_tokens")


def _langchain(counters: Fields) -> Usage:
    """LangChain names a part of another service tier with the tier in front. OpenAI's realtime API has the same names
    for its details, and its own for what is in them.
    """
    details, of_output = within(counters, "input_token_details"), within(counters, "output_token_details")
    return usage_of(
        count(counters, "input_tokens"),
        count(counters, "output_tokens"),
        sum(count(details, name) for name in ("cache_read", "priority_cache_read", "flex_cache_read", "cached_tokens")),
        count(details, "cache_creation") + count(details, "ephemeral_5m_input_tokens"),
        count(details, "ephemeral_1h_input_tokens"),
        sum(count(of_output, name) for name in ("reasoning", "priority_reasoning", "flex_reasoning")),
    )


def _totals(counters: Fields) -> Usage:
    one_hour = count(counters, "cache_write_1h_tokens")
    return usage_of(
        count(counters, "input_tokens") or count(counters, "request_tokens"),
        count(counters, "output_tokens") or count(counters, "response_tokens"),
        count(counters, "cache_read_tokens"),
        max(count(counters, "cache_write_tokens") - one_hour, count(counters, "cache_write_5m_tokens")),
        one_hour,
        count(counters, "output_reasoning_tokens")
        or count(counters, "reasoning_tokens")
        or _reasoning_beside(counters),
    )


def _gemini(counters: Fields) -> Usage:
    thoughts = count(counters, "thoughtsTokenCount")
    return usage_of(
        count(counters, "promptTokenCount") + count(counters, "toolUsePromptTokenCount"),
        (count(counters, "candidatesTokenCount") or count(counters, "responseTokenCount")) + thoughts,
        count(counters, "cachedContentTokenCount"),
        reasoning=thoughts,
    )


def _gemini_object(counters: Fields) -> Usage:
    """The same as google-genai's SDK has it."""
    thoughts = count(counters, "thoughts_token_count")
    return usage_of(
        count(counters, "prompt_token_count") + count(counters, "tool_use_prompt_token_count"),
        (count(counters, "candidates_token_count") or count(counters, "response_token_count")) + thoughts,
        count(counters, "cached_content_token_count"),
        reasoning=thoughts,
    )


def _bedrock(counters: Fields) -> Usage:
    """Also the counters by model of the Claude Agent SDK, which have the same names and meaning."""
    read = count(counters, "cacheReadInputTokens")
    write = count(counters, "cacheWriteInputTokens") or count(counters, "cacheCreationInputTokens")
    by_ttl = (fields_of(entry) for entry in items(counters.get("cacheDetails")))
    one_hour = min(write, sum(count(entry, "inputTokens") for entry in by_ttl if entry.get("ttl") == "1h"))
    return usage_of(
        count(counters, "inputTokens") + read + write, count(counters, "outputTokens"), read, write - one_hour, one_hour
    )


def _cohere(counters: Fields) -> Usage:
    """What is billed. `tokens` counts Cohere's own prompt in too, and `cached_tokens` are of that."""
    units = within(counters, "billed_units")
    return usage_of(count(units, "input_tokens"), count(units, "output_tokens"))


def _ollama(counters: Fields) -> Usage:
    return usage_of(count(counters, "prompt_eval_count"), count(counters, "eval_count"))


_NAMES: tuple[tuple[str, Callable[[Fields], Usage], tuple[str, ...]], ...] = (
    ("chat", _chat, ("prompt_tokens", "completion_tokens")),
    ("messages", _messages, ("cache_creation_input_tokens", "cache_read_input_tokens")),
    (
        "totals",
        _totals,
        (
            *("cache_read_tokens", "cache_write_tokens", "cache_write_1h_tokens", "output_reasoning_tokens"),
            *("request_tokens", "response_tokens"),
        ),
    ),
    ("langchain", _langchain, ("input_token_details", "output_token_details")),
    (TWO_TOTALS, _responses, ("input_tokens", "output_tokens")),
    ("gemini", _gemini, ("promptTokenCount", "totalTokenCount")),
    ("gemini", _gemini_object, ("prompt_token_count", "total_token_count")),
    ("bedrock", _bedrock, ("inputTokens", "outputTokens")),
    ("cohere", _cohere, ("billed_units",)),
    ("ollama", _ollama, ("prompt_eval_count", "eval_count")),
)
_APIS = {name: (api, reader) for api, reader, names in _NAMES for name in names}
"""By the name that gives them away. The first that is stated decides."""

"""What reading the usage of a result costs, beside genai-prices' extraction from the same body.

    python bench/usage.py [READINGS]

Bodies are those that a provider's API answers with, as decoded JSON, and the objects that its SDK makes of them.
genai-prices is told provider and API, which it needs; `agentgauge.usage.read` is told nothing. Figures are
microseconds of CPU, the best of five rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

from genai_prices import extract_usage

from agentgauge.usage import read

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "x"}}],
    "usage": {
        "prompt_tokens": 100,
        "completion_tokens": 20,
        "total_tokens": 120,
        "prompt_tokens_details": {"cached_tokens": 5, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 7},
    },
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5",
    "content": [{"type": "text", "text": "x"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {
        "cache_creation": {"ephemeral_1h_input_tokens": 1, "ephemeral_5m_input_tokens": 2},
        "cache_creation_input_tokens": 3,
        "cache_read_input_tokens": 4,
        "input_tokens": 5,
        "output_tokens": 6,
        "service_tier": "standard",
    },
}
GEMINI = {
    "modelVersion": "gemini-2.5-pro",
    "usageMetadata": {
        "promptTokenCount": 1106,
        "candidatesTokenCount": 778,
        "thoughtsTokenCount": 1089,
        "totalTokenCount": 2973,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 1106}],
    },
}
BODIES: dict[str, tuple[Any, dict[str, str]]] = {
    "OpenAI chat completion": (CHAT, {"provider_id": "openai", "api_flavor": "chat"}),
    "Anthropic message": (MESSAGE, {"provider_id": "anthropic"}),
    "Gemini response": (GEMINI, {"provider_id": "google"}),
}


def objects() -> dict[str, Any]:
    from anthropic.types import Message
    from openai.types.chat import ChatCompletion

    return {
        "OpenAI chat completion": ChatCompletion.model_validate(CHAT),
        "Anthropic message": Message.model_validate(MESSAGE),
    }


def best(function: Callable[[], object], count: int) -> float:
    """Microseconds of one call."""
    rounds = []
    for _ in range(5):
        start = time.process_time()
        for _ in range(count):
            function()
        rounds.append((time.process_time() - start) / count)
    return min(rounds) * 1e6


def main(count: int) -> None:
    made = objects()
    print(f"genai-prices {version('genai-prices')}")
    print(f"{'':28}{'read, body':>12}{'read, object':>14}{'genai-prices':>14}{'ratio':>8}")
    for name, (body, told) in BODIES.items():
        ours = best(lambda body=body: read(body), count)
        theirs = best(lambda body=body, told=told: extract_usage(body, **told), max(count // 10, 1))
        of_object = f"{best(lambda made=made[name]: read(made), count):14.2f}" if name in made else f"{'-':>14}"
        print(f"{name:28}{ours:12.2f}{of_object}{theirs:14.2f}{theirs / ours:8.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000)

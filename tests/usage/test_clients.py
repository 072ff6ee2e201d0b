"""The clients of OpenAI and Anthropic against a server on this machine that answers as theirs do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import anthropic
import openai
import pytest

from agentgauge import Usage, usage

CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "created": 1,
    "model": "gpt-5-mini-2025-08-07",
    "service_tier": "flex",
    "choices": [
        {
            "index": 0,
            "finish_reason": "tool_calls",
            "message": {
                "role": "assistant",
                "content": None,
                "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}],
            },
        }
    ],
    "usage": {
        "prompt_tokens": 1156,
        "completion_tokens": 561,
        "total_tokens": 1717,
        "prompt_tokens_details": {"cached_tokens": 1024, "cache_write_tokens": 100, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 512, "audio_tokens": 0},
    },
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "gpt-5-2025-08-07",
    "status": "completed",
    "error": None,
    "service_tier": "default",
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
    "output": [
        {"type": "function_call", "id": "f1", "call_id": "c1", "name": "look", "arguments": "{}", "status": "completed"}
    ],
    "usage": {
        "input_tokens": 4020,
        "input_tokens_details": {"cached_tokens": 8, "cache_write_tokens": 4000},
        "output_tokens": 1719,
        "output_tokens_details": {"reasoning_tokens": 1408},
        "total_tokens": 5739,
    },
}
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-sonnet-4-5-20250929",
    "content": [{"type": "tool_use", "id": "t1", "name": "look", "input": {}}],
    "stop_reason": "tool_use",
    "stop_sequence": None,
    "usage": {
        "input_tokens": 6,
        "cache_creation_input_tokens": 574,
        "cache_creation": {"ephemeral_5m_input_tokens": 500, "ephemeral_1h_input_tokens": 74},
        "cache_read_input_tokens": 20443,
        "output_tokens": 489,
        "output_tokens_details": {"thinking_tokens": 77},
        "server_tool_use": {"web_search_requests": 3, "web_fetch_requests": 0},
        "service_tier": "batch",
    },
}
DEEPSEEK = {
    "id": "d1",
    "object": "chat.completion",
    "created": 1,
    "model": "deepseek-chat",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    "usage": {
        "prompt_tokens": 563,
        "completion_tokens": 9,
        "total_tokens": 572,
        "prompt_cache_hit_tokens": 512,
        "prompt_cache_miss_tokens": 51,
    },
}
ANSWERS: dict[str, dict[str, Any]] = {
    "/openai/chat/completions": CHAT,
    "/openai/responses": RESPONSE,
    "/anthropic/v1/messages": MESSAGE,
    "/deepseek/chat/completions": DEEPSEEK,
}


class _Answering(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        answer = json.dumps(ANSWERS[self.path.partition("?")[0]]).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch, ThreadingHTTPServer(("127.0.0.1", 0), _Answering) as serving:
        patch.setenv("NO_PROXY", "127.0.0.1")
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{serving.server_port}"
        serving.shutdown()
        thread.join()


def read(result: object) -> usage.Reported:
    reported = usage.read(result)
    assert reported is not None
    return reported


def test_a_chat_completion_of_the_openai_client(server: str) -> None:
    with openai.OpenAI(base_url=f"{server}/openai", api_key="none") as client:
        completion = client.chat.completions.create(model="gpt-5-mini", messages=[{"role": "user", "content": "hi"}])
    reported = read(completion)
    assert reported.usage == Usage(1156, 561, 1024, 100, 0, 512)
    assert (reported.model, reported.provider, reported.tier) == ("gpt-5-mini-2025-08-07", "openai", "flex")
    assert (reported.response_id, reported.tool_calls, reported.requests) == ("chatcmpl-1", 1, 1)
    assert reported == read(CHAT) == read(completion.model_dump())


def test_a_response_of_the_openai_client(server: str) -> None:
    with openai.OpenAI(base_url=f"{server}/openai", api_key="none") as client:
        response = client.responses.create(model="gpt-5", input="hi")
    reported = read(response)
    assert reported.usage == Usage(4020, 1719, 8, 4000, 0, 1408)
    assert (reported.model, reported.provider, reported.tier) == ("gpt-5-2025-08-07", "openai", "standard")
    assert (reported.response_id, reported.tool_calls, reported.is_error) == ("resp_1", 1, False)
    assert reported == read(RESPONSE) == read(response.model_dump())


def test_another_providers_own_counters_through_the_openai_client(server: str) -> None:
    """They are no fields of the client's models, and kept beside them."""
    with openai.OpenAI(base_url=f"{server}/deepseek", api_key="none") as client:
        completion = client.chat.completions.create(model="deepseek-chat", messages=[{"role": "user", "content": "hi"}])
    reported = read(completion)
    assert (reported.usage, reported.provider) == (Usage(563, 9, 512), "deepseek")


def test_a_message_of_the_anthropic_client(server: str) -> None:
    with anthropic.Anthropic(base_url=f"{server}/anthropic", api_key="none") as client:
        message = client.messages.create(
            model="claude-opus-4-8", max_tokens=500, messages=[{"role": "user", "content": "hi"}]
        )
    reported = read(message)
    assert reported.usage == Usage(6 + 574 + 20443, 489, 20443, 500, 74, 77)
    assert (reported.model, reported.provider, reported.tier) == ("claude-sonnet-4-5-20250929", "anthropic", "batch")
    assert (reported.response_id, reported.tool_calls, reported.web_searches) == ("msg_1", 1, 3)
    assert reported == read(MESSAGE) == read(message.model_dump())


def test_a_beta_message_with_a_compaction_of_the_anthropic_client(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    counters = MESSAGE["usage"]
    iterations = [
        {
            "type": "compaction",
            "input_tokens": 100,
            "output_tokens": 82,
            "cache_creation_input_tokens": 5,
            "cache_read_input_tokens": 0,
        },
        {
            "type": "message",
            "input_tokens": 6,
            "output_tokens": 489,
            "cache_creation_input_tokens": 574,
            "cache_read_input_tokens": 20443,
        },
    ]
    monkeypatch.setitem(ANSWERS, "/anthropic/v1/messages", {**MESSAGE, "usage": {**counters, "iterations": iterations}})
    with anthropic.Anthropic(base_url=f"{server}/anthropic", api_key="none") as client:
        message = client.beta.messages.create(
            model="claude-opus-4-8", max_tokens=500, messages=[{"role": "user", "content": "hi"}]
        )
    reported = read(message)
    assert reported.usage == Usage(6 + 574 + 20443 + 105, 489 + 82, 20443, 505, 74, 77)
    assert (reported.requests, reported.shares) == (2, ())

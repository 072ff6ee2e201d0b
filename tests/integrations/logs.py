"""Logs for the tests: excerpts kept as files, and lines written here in each agent's format."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any

from agentgauge.events import Event
from agentgauge.integrations.agent_logs import LogReading, Source, read

EXCERPTS = Path(__file__).parents[1] / "data" / "agent_logs"
DEMO = Path(str(files("agentgauge"))) / "data" / "demo_session.jsonl"
START = datetime(2026, 3, 5, 12, tzinfo=UTC)
LONG_AFTER = START + timedelta(days=1)


def at(seconds: float) -> str:
    """A log's time, so many seconds after the start."""
    return (START + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def log(folder: Path, lines: Iterable[dict[str, Any] | str], name: str = "session.jsonl") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = (line if isinstance(line, str) else json.dumps(line) for line in lines)
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


def events(source: Source, path: Path, kind: str, now: datetime = LONG_AFTER) -> list[Event]:
    return of_kind(read(source, path, now=now), kind)


def of_kind(reading: LogReading, kind: str) -> list[Event]:
    return [event for event in reading.events if event.kind == kind]


def prompt(seconds: float, uuid: str, text: str = "do it", **more: Any) -> dict[str, Any]:
    """A message of the user in Claude Code's log."""
    return _claude(seconds, "user", {"role": "user", "content": text}, uuid, more)


def answer(
    seconds: float,
    message_id: str,
    *blocks: dict[str, Any],
    uuid: str = "",
    usage: dict[str, Any] | None = None,
    stop: str | None = "end_turn",
    request: str = "req_1",
    **more: Any,
) -> dict[str, Any]:
    """One entry of an answer in Claude Code's log."""
    message = {
        "id": message_id,
        "role": "assistant",
        "model": "claude-sonnet-4-5-20250929",
        "content": list(blocks) or [{"type": "text", "text": "done"}],
        "stop_reason": stop,
        "usage": usage or {"input_tokens": 10, "output_tokens": 5},
    }
    return _claude(
        seconds, "assistant", message, uuid or f"entry-{message_id}-{seconds}", {"requestId": request, **more}
    )


def tool(name: str, call_id: str, **arguments: Any) -> dict[str, Any]:
    return {"type": "tool_use", "id": call_id, "name": name, "input": arguments}


def result(seconds: float, call_id: str, *, is_error: bool = False, **more: Any) -> dict[str, Any]:
    """A tool's result in Claude Code's log."""
    block = {"type": "tool_result", "tool_use_id": call_id, "content": "output", "is_error": is_error}
    return _claude(seconds, "user", {"role": "user", "content": [block]}, f"result-{call_id}", more)


def _claude(seconds: float, type_: str, message: dict[str, Any], uuid: str, more: dict[str, Any]) -> dict[str, Any]:
    entry = {
        "type": type_,
        "timestamp": at(seconds),
        "sessionId": "session-1",
        "cwd": "/home/someone/shop",
        "isSidechain": False,
        "uuid": uuid,
        "message": message,
    }
    return {**entry, **more}


def codex(seconds: float, type_: str, /, **payload: Any) -> dict[str, Any]:
    """An entry of Codex's log; `kind` is the payload's type."""
    if "kind" in payload:
        payload["type"] = payload.pop("kind")
    return {"timestamp": at(seconds), "type": type_, "payload": payload}


def token_count(
    seconds: float, total: tuple[int, int, int, int], last: tuple[int, int, int, int] | None = None
) -> dict[str, Any]:
    """Codex's totals: input, cached input, output, reasoning."""
    keys = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    info: dict[str, Any] = {"total_token_usage": dict(zip(keys, total, strict=True))}
    if last is not None:
        info["last_token_usage"] = dict(zip(keys, last, strict=True))
    return codex(seconds, "event_msg", kind="token_count", info=info)

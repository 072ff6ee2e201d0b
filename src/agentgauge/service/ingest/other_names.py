"""Names that senders give to members of an event, beside ours: what to say of one that there is not.

Says our word for what was sent, found in a table of what other meters, SDKs and logs call it, else by its spelling.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from agentgauge.events import fields

_OTHERS = {
    "type": "kind",
    "event": "kind",
    "event_type": "kind",
    "tool": "name",
    "tool_name": "name",
    "task_name": "name",
    "timestamp": "time",
    "ts": "time",
    "date": "time",
    "created_at": "time",
    "end_time": "time",
    "start_time": "time, when it ended, and duration_ms",
    "duration": "duration_ms",
    "duration_s": "duration_ms",
    "duration_seconds": "duration_ms",
    "elapsed_ms": "duration_ms",
    "latency": "duration_ms",
    "latency_ms": "duration_ms",
    "execution_time": "duration_ms",
    "execution_time_ms": "duration_ms",
    "status": "outcome",
    "result": "outcome",
    "cost": "cost_usd",
    "price": "cost_usd",
    "total_cost": "cost_usd",
    "prompt_tokens": "input_tokens",
    "completion_tokens": "output_tokens",
    "tokens_in": "input_tokens",
    "tokens_out": "output_tokens",
    "tokens": "input_tokens and output_tokens",
    "total_tokens": "input_tokens and output_tokens",
    "usage": "input_tokens and output_tokens",
    "cached_tokens": "cache_read_tokens",
    "cache_read_input_tokens": "cache_read_tokens",
    "cache_creation_input_tokens": "cache_write_5m_tokens",
    "model_name": "model",
    "quality": "quality_score",
    "score": "quality_score, or value of a satisfaction",
    "error": "error_type",
    "exception": "error_type",
    "message": "error_message",
    "agent_id": "agent",
    "agent_name": "agent",
    "agent_role": "role",
    "agent_type": "role",
    "action": "operation",
    "operation_type": "operation",
    "developer": "user",
    "user_id": "user",
    "project_id": "project",
    "session_id": "session",
    "run_id": "run",
    "issue_id": "issue",
    "ticket_id": "ticket",
    "parent_span_id": "parent_id",
    "id": "source_id",
    "event_id": "source_id",
    "metadata": "attributes",
    "tags": "attributes",
    "labels": "attributes",
}
_LONGEST = 40
"""No name of ours is longer; comparing takes time that grows with it."""


def ours_for(name: str, known: tuple[str, ...]) -> str:
    """`did you mean duration_ms?`, or where else it may stand. `known` are the members that there are."""
    return _ours_for(name.lower()[:_LONGEST], known)


@lru_cache(maxsize=256)  # a sender that is mistaken is so in every event
def _ours_for(name: str, known: tuple[str, ...]) -> str:
    word = _OTHERS.get(name) or next(iter(get_close_matches(name, known, 1)), None)
    if word is None:
        return "what has no member of its own stands in attributes"
    unit = fields.BY_NAME[word].unit if word in fields.BY_NAME else ""
    return f"did you mean {word}{'' if unit.lower() in word else f' ({unit})'}?"

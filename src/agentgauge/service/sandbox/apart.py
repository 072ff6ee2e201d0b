"""Asking a statement in a process of its own, and ending that where it does not end by itself."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping

import msgspec

from agentgauge.errors import LakeError, QueryError
from agentgauge.service.sandbox.limits import LONGEST_TEXT, MOST_ROWS, MOST_SECONDS, Reply, SqlAnswer, Statement
from agentgauge.service.sandbox.running import encoded_settings, too_long
from agentgauge.settings import Settings
from agentgauge.state.agents import AgentName

_START_SECONDS = 20.0
"""To start and read the journal's tail, on a slow day."""


def ask_apart(
    settings: Settings,
    text: str,
    *,
    limit: int = 1000,
    seconds: float = MOST_SECONDS,
    agent_ids: Mapping[AgentName, int] | None = None,
) -> SqlAnswer:
    """The answer to one statement that only reads: at most `limit` rows, computed in at most `seconds`. `agent_ids` are
    for a statement that names `agent_metrics`.

    Raises `QueryError` for another statement, one that fails and one that takes too much, and `LakeError`.
    """
    if len(text) > LONGEST_TEXT:
        raise QueryError(f"a statement has {LONGEST_TEXT:,} characters at most, not {len(text):,}", field="sql")
    ids = tuple((agent_ids or {}).items())
    statement = Statement(text, min(limit, MOST_ROWS), min(seconds, MOST_SECONDS), ids)
    command = [sys.executable, "-m", "agentgauge.service.sandbox", encoded_settings(settings)]
    try:
        done = subprocess.run(  # noqa: S603 - this interpreter, this module; the statement is on standard input
            command,
            input=msgspec.json.encode(statement),
            capture_output=True,
            timeout=statement.seconds + _START_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise QueryError(too_long(statement.seconds), field="sql") from None
    if done.returncode:
        raise QueryError(
            "the statement ended the process that it ran in: it took more memory than it may, or DuckDB failed",
            field="sql",
        )
    reply = msgspec.json.decode(done.stdout, type=Reply)
    if reply.failed:
        raise LakeError(reply.failed)
    if reply.answer is None:
        raise QueryError(reply.refused, field="sql")
    return reply.answer

"""Asking a statement in a process of its own, and ending that where it does not end by itself."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Mapping

import msgspec

from agentgauge.errors import LakeError, QueryError
from agentgauge.service.sandbox.limits import LONGEST_TEXT, MOST_ROWS, MOST_SECONDS, Reply, SqlAnswer, Statement
from agentgauge.service.sandbox.running import encoded_settings, too_long
from agentgauge.settings import Settings
from agentgauge.state.agents import AgentName

_START_SECONDS = 20.0
"""To start and read the journal's tail, on a slow day."""
_LOOKS_EVERY_S = 0.25
_log = logging.getLogger("agentgauge.sandbox")


def ask_apart(
    settings: Settings,
    text: str,
    *,
    limit: int = 1000,
    seconds: float = MOST_SECONDS,
    agent_ids: Mapping[AgentName, int] | None = None,
    given_up: threading.Event | None = None,
) -> SqlAnswer:
    """The answer to one statement that only reads: at most `limit` rows, computed in at most `seconds`. `agent_ids` are
    for a statement that names `agent_metrics`. Once `given_up` is set, nobody waits for the answer: it is ended.

    Raises `QueryError` for another statement, one that fails and one that takes too much, and `LakeError`.
    """
    if len(text) > LONGEST_TEXT:
        raise QueryError(f"a statement has {LONGEST_TEXT:,} characters at most, not {len(text):,}", field="sql")
    ids = tuple((agent_ids or {}).items())
    statement = Statement(text, min(limit, MOST_ROWS), min(seconds, MOST_SECONDS), ids)
    command = [sys.executable, "-m", "agentgauge.service.sandbox", encoded_settings(settings)]
    code, out, err = _run(command, statement, given_up or threading.Event())
    if code:
        _log.warning("the process of a statement ended with %s: %s", code, err.decode(errors="replace")[-500:])
        raise QueryError(
            "the statement ended the process that it ran in: it took more memory than it may, or DuckDB failed",
            field="sql",
        )
    reply = msgspec.json.decode(out, type=Reply)
    if reply.failed:
        raise LakeError(reply.failed)
    if reply.answer is None:
        raise QueryError(reply.refused, field="sql")
    return reply.answer


def _run(command: list[str], statement: Statement, given_up: threading.Event) -> tuple[int, bytes, bytes]:
    """Its exit code, output and errors. Raises `QueryError` where it is ended first."""
    until = time.monotonic() + statement.seconds + _START_SECONDS
    given: bytes | None = msgspec.json.encode(statement)
    pipe = subprocess.PIPE
    # This interpreter, this module; the statement is on standard input.
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe) as process:  # noqa: S603
        try:
            while True:
                try:
                    out, err = process.communicate(given, timeout=_LOOKS_EVERY_S)
                    return process.returncode, out, err
                except subprocess.TimeoutExpired:
                    given = None  # it is on its way
                if given_up.is_set():
                    raise QueryError("nobody waits for the answer", field="sql")
                if time.monotonic() >= until:
                    raise QueryError(too_long(statement.seconds), field="sql")
        finally:
            process.kill()

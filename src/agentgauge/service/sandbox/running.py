"""Running one statement over a snapshot of its own, within limits."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import msgspec

from agentgauge.errors import AgentGaugeError, QueryError
from agentgauge.events.plain import document
from agentgauge.lake import Snapshot
from agentgauge.meter import Meter
from agentgauge.service.sandbox.limits import MEMORY, MOST_BYTES, Reply, SqlAnswer, Statement
from agentgauge.service.sandbox.locking import lock
from agentgauge.service.sql import Rows, select
from agentgauge.settings import Settings


def encoded_settings(settings: Settings) -> str:
    return msgspec.json.encode(settings, enc_hook=str).decode()


def decoded_settings(text: str) -> Settings:
    return msgspec.json.decode(text, type=Settings, dec_hook=lambda kind, value: Path(value))


def reply_to(settings: Settings, statement: Statement) -> Reply:
    try:
        with Meter(settings).reading() as snapshot:
            return Reply(_answer(snapshot, statement))
    except QueryError as error:
        return Reply(refused=str(error))
    except AgentGaugeError as error:
        return Reply(failed=str(error))
    except MemoryError:
        return Reply(refused=_too_much())
    except RecursionError:
        return Reply(refused="the answer has values inside values too deep to be told: select less of them")


def _answer(snapshot: Snapshot, statement: Statement) -> SqlAnswer:
    cursor = snapshot.connection.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    lock(snapshot.connection, snapshot.data_files())
    until = time.monotonic() + statement.seconds
    timer = threading.Timer(statement.seconds, cursor.interrupt)
    timer.daemon = True
    timer.start()
    try:
        rows = select(
            snapshot.connection, statement.text, snapshot.rollups.units, dict(statement.agent_ids), cursor=cursor
        )
        return _read(rows, statement.limit, until)
    except QueryError as error:
        if time.monotonic() >= until:
            raise QueryError(too_long(statement.seconds)) from error
        if isinstance(error.__cause__, duckdb.OutOfMemoryException):
            raise QueryError(_too_much()) from error
        raise
    finally:
        timer.cancel()


def _read(rows: Rows, limit: int, until: float) -> SqlAnswer:
    found: list[tuple[Any, ...]] = []
    size = 0
    for row in rows:
        told = tuple(document(value) for value in row)
        size += len(msgspec.json.encode(told))
        if len(found) == limit or size > MOST_BYTES:
            return SqlAnswer(rows.columns, tuple(found), truncated=True)
        found.append(told)
        if time.monotonic() >= until:
            raise QueryError("stopped")  # said by whoever knows the limit
    return SqlAnswer(rows.columns, tuple(found), truncated=False)


def too_long(seconds: float) -> str:
    return f"the statement was stopped after {seconds:g} s: ask for a shorter window of time, or for less at once"


def _too_much() -> str:
    return f"the statement needs more memory than it may take ({MEMORY}): select fewer columns, or aggregate more"

"""The state that a piece of work is in, in one word, as lists say it.

running       begun and not ended, and its process still runs; where that cannot be known, of what was imported or
              received, there was an event within 15 minutes
interrupted   begun and not ended, and its process is gone; or its end says so
succeeded, failed, timed out     as its end says, or else its last task
open          begun, and nothing says how or whether it ended
unknown       nothing says anything
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal

from agentgauge.engines import Engine
from agentgauge.service.activity import DAY, QUIET
from agentgauge.service.activity_open import open_now
from agentgauge.service.activity_writers import Writers
from agentgauge.service.records.work import Name, Work, WorkKind

State = Literal["running", "succeeded", "failed", "timed out", "interrupted", "open", "unknown"]
_OF_OUTCOME: Mapping[str | None, State] = {
    "success": "succeeded", "failure": "failed", "error": "failed", "timeout": "timed out",
    "interrupted": "interrupted",
}  # fmt: skip
_WHAT: Mapping[WorkKind, tuple[str, ...]] = {
    "run": ("run",), "session": ("session",), "ticket": ("ticket", "issue"), "feature": (),
}  # fmt: skip


def outcome_state(outcome: str | None) -> State:
    """Of what has ended."""
    return _OF_OUTCOME.get(outcome, "unknown")


def states(engine: Engine, works: Iterable[Work], now: datetime, writers: Writers) -> Mapping[Name, State]:
    """Of works of one kind. Asks what is open only where some have begun within a day and not ended."""
    listed = tuple(works)
    recent = any(work.is_open and work.last > now - DAY for work in listed)
    opened = open_now(engine, now - DAY, now, writers) if recent else ()
    return {
        (work.project, work.name): outcome_state(work.outcome)
        if not work.is_open
        else _open_state(
            work,
            [
                each.is_writing
                for each in opened
                if each.what in _WHAT[work.kind] and (each.key[0], each.name) == (work.project, work.name)
            ],
            now,
        )
        for work in listed
    }


def _open_state(work: Work, writing: list[bool | None], now: datetime) -> State:
    if True in writing or (None in writing and work.last > now - QUIET):
        return "running"
    if False in writing:
        return "interrupted"
    return outcome_state(work.outcome) if work.outcome is not None else "open"

"""The state that a piece of work is in, in one word, as lists say it.

running       begun and not ended, itself or what an agent does in it, and its process still runs; where that cannot be
              known, of what was imported or received, there was an event within 15 minutes (`service.activity_open`).
              What has an end mark is over, whatever was left open in it
interrupted   begun and not ended, and its process is gone; or its end says so
succeeded, failed, timed out     as its end says, or else its last task
open          begun, and nothing says how or whether it ended
unknown       nothing says anything
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from datetime import datetime
from typing import Literal

from agentgauge.engines import Engine
from agentgauge.service.activity_open import DAY, Open, Place, open_now, running_places
from agentgauge.service.activity_writers import Writers
from agentgauge.service.records.work import COLUMNS, Name, Work

State = Literal["running", "succeeded", "failed", "timed out", "interrupted", "open", "unknown"]
_OF_OUTCOME: Mapping[str | None, State] = {
    "success": "succeeded", "failure": "failed", "error": "failed", "timeout": "timed out",
    "interrupted": "interrupted",
}  # fmt: skip


def outcome_state(outcome: str | None) -> State:
    """Of what has ended."""
    return _OF_OUTCOME.get(outcome, "unknown")


def states(engine: Engine, works: Iterable[Work], now: datetime, writers: Writers) -> Mapping[Name, State]:
    """Of works of one kind. Asks what is open only where some have events of the last day."""
    listed = tuple(works)
    recent = any(work.last > now - DAY for work in listed)
    opened = open_now(engine, now - DAY, now, writers) if recent else ()
    running = running_places(engine, opened, now)
    return {(work.project, work.name): _state(work, opened, running) for work in listed}


def _state(work: Work, opened: Iterable[Open], running: Container[Place]) -> State:
    place = work.project, COLUMNS[work.kind], work.name
    if work.is_ended:
        return outcome_state(work.outcome)
    if place in running:
        return "running"
    if not work.is_open:
        return outcome_state(work.outcome)
    if any(each.is_writing is False for each in opened if each.is_work and place in each.places):
        return "interrupted"
    return outcome_state(work.outcome) if work.outcome is not None else "open"

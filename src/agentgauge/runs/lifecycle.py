"""When something began and ended: a run, an issue, an agent, a tool call, a debugging cycle.

Starts and ends may come in any order. Runs and issues may be taken up again, so the latest of both counts, and
durations of what has ended add up.
"""

from __future__ import annotations

from datetime import datetime

from agentgauge.events import Event
from agentgauge.runs.entries import status_of
from agentgauge.runs.tallies import Key, key_of, nanoseconds
from agentgauge.runs.words import Status


class Lifecycle:
    __slots__ = ("_durations", "ended", "first", "started")

    def __init__(self) -> None:
        self.first: Event | None = None
        """The first start."""
        self.started: Event | None = None
        """The latest start."""
        self.ended: Event | None = None
        """The latest end."""
        self._durations = 0

    def start(self, event: Event) -> None:
        if self.first is None or key_of(event) < key_of(self.first):
            self.first = event
        if self.started is None or key_of(event) > key_of(self.started):
            self.started = event

    def end(self, event: Event) -> None:
        self._durations += nanoseconds(event)
        if self.ended is None or key_of(event) > key_of(self.ended):
            self.ended = event

    @property
    def is_open(self) -> bool:
        """Started, and not ended since; what ends when it starts has ended."""
        if self.started is None:
            return False
        return self.ended is None or self.started.time > self.ended.time

    @property
    def status(self) -> Status | str:
        """That of the end; RUNNING before it, and PENDING where nothing says that it has begun."""
        if self.ended is None or self.is_open:
            return Status.PENDING if self.started is None else Status.RUNNING
        return status_of(self.ended)

    @property
    def start_time(self) -> datetime | None:
        return None if self.first is None else self.first.time

    @property
    def end_time(self) -> datetime | None:
        return None if self.ended is None or self.is_open else self.ended.time

    @property
    def duration_seconds(self) -> float:
        """NaN before the first end."""
        return float("nan") if self.ended is None else self._durations / 1e9

    @property
    def end_key(self) -> Key | None:
        """Where it stands in the order of what has ended; None while it is open."""
        return None if self.ended is None or self.is_open else key_of(self.ended)

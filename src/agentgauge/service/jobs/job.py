"""What a job is, and what it is given."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Literal

import msgspec

from agentgauge.engines import Engine
from agentgauge.meter import Meter
from agentgauge.service.alerting import Alerting
from agentgauge.service.live.data_version import DataVersions
from agentgauge.settings.notifying import NotifyingSettings
from agentgauge.settings.server import ServerSettings
from agentgauge.state.store import Store

Every = Literal["minute", "hour", "day", "week", "month"]
"""Each begins at a full minute, at a full hour, at midnight, at midnight before Sunday, at midnight before the first;
UTC. What is due every minute runs beside the others, on a thread of its own, and what it missed is not caught up: the
next minute does all that there is to do."""

MOST_CAUGHT_UP = timedelta(days=31)
"""What was due longer ago is not caught up."""

MOST_TRIES = 5
"""How often a job is run for one time that it was due, the first included, where it fails or its process dies."""


RUNS_OF_MINUTES_KEPT = 60
"""How many runs of a job that is due every minute are kept, the newest, those that failed included."""


class SeenBudgets(msgspec.Struct, frozen=True):
    seen: tuple[object, ...]
    """What there was when they were last checked between full hours."""
    next: datetime
    """When they may be again."""


class Work:
    """What jobs work on. Every run reads a snapshot of its own."""

    def __init__(
        self, settings: ServerSettings, state: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.settings = settings
        self.meter = Meter(settings.recording)
        self.state = state
        self.alerting = Alerting(state, settings.recording.home)
        self.now = now
        """When something is done; what it is about follows from when that was due."""
        self.ending = threading.Event()
        """Set when the process ends: what can be left midway is."""
        self.notifying: NotifyingSettings | None = None
        """As they were when they could last be used; None: not yet."""

        self.seen_budgets: SeenBudgets | None = None

    @cached_property
    def data_versions(self) -> DataVersions:
        return DataVersions(self.meter.settings.home, self.meter.book.version)

    @contextmanager
    def engine(self) -> Iterator[Engine]:
        with self.meter.engine() as engine:
            yield engine


class Job(msgspec.Struct, frozen=True):
    name: str
    every: Every
    does: str
    """In half a sentence, for lists."""
    run: Callable[[Work, datetime], str]
    """Does it, as it was due at that (aware) time; one line that says what came of it."""
    each_missed: bool = False
    """Whether every run that was missed is caught up, since each is about a period of its own; else only the last."""

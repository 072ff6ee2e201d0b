"""One evaluation: an hour that is over, the events as they are known now, and what rules share of reading them.

It ends with the full hour that a job was due at, whenever it runs: what is made up for later finds the same, and events
that came late meanwhile are among its own.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from agentgauge.engines import Filter
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.engines.hourly import Hourly, hourly
from agentgauge.lake import Snapshot
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.window import Window
from agentgauge.state.alerts import Detected, Evidence
from agentgauge.state.store import Store

HOUR = timedelta(hours=1)


class Found(msgspec.Struct, frozen=True):
    """What one rule came to. Conditions that are in neither are over, or were never looked at."""

    holds: tuple[Detected, ...]
    between: frozenset[str] = frozenset()
    """Conditions that neither hold nor are over."""


class Evaluation:
    """Threads may share one."""

    def __init__(self, snapshot: Snapshot, state: Store, scheduled: datetime) -> None:
        """`scheduled`: when it was due (aware)."""
        self.connection = snapshot.connection
        self.rollups = snapshot.rollups
        self.engine = DuckDBEngine(snapshot.connection, snapshot.rollups)
        self.state = state
        self.scheduled = scheduled
        self.end = scheduled.replace(minute=0, second=0, microsecond=0)
        """Of the newest hour that is looked at."""
        self._lock = threading.Lock()
        self._read: dict[tuple[str | None, tuple[Filter, ...]], Hourly] = {}

    def window(self, rule: Rule) -> Window:
        return Window(self.end - rule.window, self.end)

    def hourly(self, rule: Rule, hours: int) -> Hourly:
        """The last hours, and maybe some before them, by project and by what the rule tells apart."""
        filters = filters_of(rule)
        if rule.by is None:
            # Agents add up to their project, and are read in any case.
            return self._hourly("agent", filters, hours).of_projects()
        return self._hourly(rule.by, filters, hours)

    def _hourly(self, by: str, filters: tuple[Filter, ...], hours: int) -> Hourly:
        with self._lock:
            found = self._read.get((by, filters))
            if found is None or found.hours < hours:
                start = self.end - hours * HOUR
                found = hourly(self.connection, self.rollups, start, self.end, by=by, filters=filters)
                self._read[by, filters] = found
            return found


def filters_of(rule: Rule) -> tuple[Filter, ...]:
    return tuple(Filter(name, "=", value) for name, value in sorted(rule.filters.items()))


def detected(
    rule: Rule,
    condition: str,
    *,
    metric: str,
    key: str | None,
    project: str | None,
    evidence: Evidence,
    **figures: object,
) -> Detected:
    """With what follows from the rule and from what it tells apart; figures are fields of `Detected`."""
    agent = key if rule.by == "agent" else rule.agent
    given = {"severity": rule.severity or "warning", **figures}
    return Detected(
        condition=condition, type=rule.type, metric=metric, project=project, agent_name=agent, rule=rule.name,
        evidence=evidence, **given,  # type: ignore[arg-type]
    )  # fmt: skip


def deviation(current: float, expected: float) -> float | None:
    """(current - expected) / expected x 100; None where nothing is expected."""
    return (current - expected) / expected * 100 if expected else None


def told_apart(rule: Rule, keys: Sequence[tuple[str | None, str | None]]) -> list[int]:
    """The rows that are somebody's: of events that name no agent (model, ...) there is no condition by agent."""
    return [row for row, (_, key) in enumerate(keys) if rule.by is None or key is not None]

"""What rules are evaluated on: events recorded in a home, and asking what one rule finds there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import agentgauge
from agentgauge.policies.alerts.rules import Rule
from agentgauge.service.evaluating.evaluation import Evaluation, Found
from agentgauge.service.evaluating.rules import EVALUATORS
from agentgauge.service.jobs.job import Work

NOW = datetime(2026, 11, 18, 12, tzinfo=UTC)
"""A Wednesday."""
HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)


@contextmanager
def recording(work: Work, **scope: str) -> Iterator[agentgauge.Gauge]:
    with (
        agentgauge.open(home=work.settings.recording.home.root) as gauge,
        gauge.scope(**{"agent": "coder", "project": "shop", **scope}),
    ):
        yield gauge


def found_by(work: Work, rule: Rule, scheduled: datetime = NOW) -> Found:
    with work.meter.reading() as snapshot:
        return EVALUATORS[rule.type](Evaluation(snapshot, work.state, scheduled), rule)


def tasks(gauge: agentgauge.Gauge, hour: datetime, number: int, failed: int = 0, duration_ms: float = 100.0) -> None:
    for n in range(number):
        outcome = "failure" if n < failed else "success"
        gauge.task("work", duration_ms + n % 7, at=hour + n * timedelta(seconds=30), outcome=outcome)


def silent_since(work: Work, last: datetime, *, weekends: bool, **scope: str) -> None:
    """Ten events in each working hour of five weeks until `last`."""
    with recording(work, **scope) as gauge:
        for n in range(5 * 168):
            hour = last - n * HOUR
            if weekends or hour.weekday() < 5:
                tasks(gauge, hour, 10)


def usual_days(work: Work, agents: int, slower: str | None = None) -> None:
    """Thirty days of six hours of work; nights are slower for all; the last day's last one is slower for one."""
    for number in range(agents):
        agent = f"agent-{number}"
        with recording(work, agent=agent) as gauge:
            for day in range(30):
                for hour in (1, 2, 3, 13):
                    usual = 100 + 5 * ((day * 7 + number) % 5) + (400 if hour == 13 else 0)
                    late = 1.8 if agent == slower and day == 0 else 1.0
                    tasks(gauge, NOW - day * DAY - hour * HOUR, 10, duration_ms=usual * late)

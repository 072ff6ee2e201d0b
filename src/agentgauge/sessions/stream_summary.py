"""Summaries over the stream: of all that was recorded, by whatever vocabulary, in any session and process.

What counts as an event here is what document 003 calls one: a task, and the mark of a session's or ticket's start or
end. Tokens and money are those of model and tool calls, whichever task they belong to. Durations are those of the
tasks, so of a task within a task both count.

Each question reads a snapshot of the home, 50 ms or more: nothing to ask in a loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from agentgauge.errors import QueryError
from agentgauge.events import kinds, marks
from agentgauge.recorder import Gauge, default
from agentgauge.sessions.models import MetricsSummary
from agentgauge.sessions.totals import SummaryFold, Totals

if TYPE_CHECKING:
    from agentgauge.engines import Engine, Filter

MARKS = (marks.SESSION_START, marks.SESSION_END, marks.TICKET_START, marks.TICKET_END)

_COLUMNS = {
    "role": "role",
    "agent": "agent",
    "operation": "operation",
    "ticket": "work_item",
    "session": "session",
    "user": "user",
    "developer": "user",
    "team": "team",
    "project": "project",
}
"""What a summary can be by, and the column that says it. A work item is a ticket or, without one, an issue."""
_SELECTED = ("ticket", "session", "role", "user", "team", "project")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Of which ticket, session, ... events are; None: of any."""

    ticket: str | None = None
    session: str | None = None
    role: str | None = None
    user: str | None = None
    team: str | None = None
    project: str | None = None
    since: datetime | None = None
    """First moment of the window; a naive time means UTC."""
    until: datetime | None = None
    """First moment after the window; a naive time means UTC."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """What the events of one role, ticket, developer, ... add up to."""

    events: int
    tokens: int
    """Input and output."""
    cost_usd: Decimal
    """Of the calls whose cost is known."""
    unpriced_calls: int
    """Calls in no sum of money: nobody reported their cost, and no price is known."""
    duration_ms: float


def summarize(
    by: str,
    *,
    ticket: str | None = None,
    session: str | None = None,
    role: str | None = None,
    user: str | None = None,
    team: str | None = None,
    project: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    gauge: Gauge | None = None,
) -> dict[str | None, Group]:
    """One group per role, operation, ticket, session, agent, developer (or user), team or project; the dearest first.

    Under None is what names none. The keywords select; `since` belongs to the window, `until` does not, and naive
    times mean UTC. An issue is the ticket of what names no ticket. The stream is that of `gauge`, or of the process
    where none is given. Raises `QueryError` for an unknown `by`.
    """
    from agentgauge.meter import engine_of

    selection = Selection(
        ticket=ticket, session=session, role=role, user=user, team=team, project=project, since=since, until=until
    )
    with engine_of(default() if gauge is None else gauge) as engine:
        return grouped(engine, by, selection)


def stream_summary(
    *,
    ticket: str | None = None,
    session: str | None = None,
    role: str | None = None,
    user: str | None = None,
    team: str | None = None,
    project: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    gauge: Gauge | None = None,
) -> MetricsSummary:
    """What `MetricsCollector.get_summary` gives, over the stream. The keywords are those of `summarize`.

    What names no role or operation is under "".
    """
    from agentgauge.meter import engine_of

    selection = Selection(
        ticket=ticket, session=session, role=role, user=user, team=team, project=project, since=since, until=until
    )
    with engine_of(default() if gauge is None else gauge) as engine:
        return summed(engine, selection)


def grouped(engine: Engine, by: str, selection: Selection) -> dict[str | None, Group]:
    """`summarize` of what an engine answers about. Raises `QueryError`."""
    if by not in _COLUMNS:
        raise QueryError(f"no summary by {by!r}: use one of {', '.join(_COLUMNS)}")
    groups: dict[str | None, Totals] = {}
    for (key,), sums in _sums(engine, (_COLUMNS[by],), selection):
        groups.setdefault(key, Totals()).add(**sums)
    found = sorted(groups.items(), key=lambda item: item[0] or "")
    found.sort(key=lambda item: (item[1].cost_usd, item[1].tokens), reverse=True)
    return {
        key: Group(
            events=totals.events,
            tokens=totals.tokens,
            cost_usd=totals.cost_usd,
            unpriced_calls=totals.unpriced_calls,
            duration_ms=totals.duration_ms,
        )
        for key, totals in found
    }


def summed(engine: Engine, selection: Selection) -> MetricsSummary:
    """`stream_summary` of what an engine answers about."""
    fold = SummaryFold()
    for (role, operation), sums in _sums(engine, ("role", "operation"), selection):
        fold.add(role or "", operation or "", **sums)
    return fold.summary()


def _sums(
    engine: Engine, columns: tuple[str, ...], selection: Selection
) -> Iterator[tuple[tuple[Any, ...], dict[str, Any]]]:
    """Per combination of the columns what tasks and calls add up to, and then what marks do."""
    from agentgauge.engines import Filter, Measure, Query

    work = (
        Filter("kind", "in", (*kinds.TASK_KINDS, *kinds.USAGE_KINDS)),
        (
            Measure("count", over="tasks", name="events"),
            Measure("sum", "duration_ms", over="tasks", name="duration_ms"),
            Measure("tokens", name="tokens"),
            Measure("cost", name="cost"),
        ),
    )
    milestones = (
        Filter("name", "in", MARKS),
        (
            Measure("count", over="mark", name="events"),
            Measure("sum", "duration_ms", over="mark", name="duration_ms"),
        ),
    )
    for condition, measures in (work, milestones):
        query = Query(
            start=_aware(selection.since),
            end=_aware(selection.until),
            filters=(*_filters(selection), condition),
            group=columns,
            measures=measures,
        )
        for row in engine.aggregate(query).records():
            yield (
                tuple(row[name] for name in columns),
                {
                    "events": row["events"],
                    "tokens": row.get("tokens", 0),
                    "cost_usd": row.get("cost") or Decimal(0),
                    "unpriced_calls": row.get("cost_unpriced_calls", 0),
                    "duration_ms": row["duration_ms"],
                },
            )


def _filters(selection: Selection) -> tuple[Filter, ...]:
    from agentgauge.engines import Filter

    wanted = ((name, getattr(selection, name)) for name in _SELECTED)
    return tuple(Filter(_COLUMNS[name], "=", value) for name, value in wanted if value is not None)


def _aware(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.utcoffset() is None else moment

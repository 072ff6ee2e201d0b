"""Single scores that people gave, with their words and the interaction behind each, the newest first.

What a score names as its interaction (`interaction_id`) is looked for among operations, runs and sessions; one that
names none, or something of another system, leads to what it was recorded in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.events.kinds import TASK_KINDS
from agentgauge.features.questions import SATISFIED_FROM
from agentgauge.service.records.rows import event_rows
from agentgauge.service.window import Window

InteractionKind = Literal["operation", "run", "session", "ticket"]
Which = Literal["all", "low", "worded"]
"""All scores, those below 0.7, or those with words."""
_ROUNDING = 1e-9
_KINDS: tuple[tuple[InteractionKind, str], ...] = (("operation", "span_id"), ("run", "run"), ("session", "session"))
_COLUMNS = (
    *("name", "value", "feature", "agent", "user", "project", "run", "session", "work_item", "parent_id"),
    *("attributes.feedback", "attributes.interaction_id", "attributes.score"),
)


class Interaction(msgspec.Struct, frozen=True):
    kind: InteractionKind
    name: str
    project: str | None


class Feedback(msgspec.Struct, frozen=True, kw_only=True):
    time: datetime
    type: str | None
    """The kind that it names."""
    score: float
    """0-1."""
    given: str | None
    """As it was given, where that was on 1-5."""
    words: str | None
    feature: str | None
    agent: str | None
    user: str | None
    interaction: Interaction | None
    """None where nothing is known of it here."""
    stated: str | None
    """What the score itself names as its interaction."""


class FeedbackList(msgspec.Struct, frozen=True):
    rows: tuple[Feedback, ...]
    total: int
    """All that meet the conditions."""


def feedback(
    engine: Engine, window: Window, filters: Sequence[Filter] = (), *, which: Which = "all", limit: int = 20
) -> FeedbackList:
    chosen: tuple[Filter, ...] = (Filter("kind", "=", "satisfaction"), *filters)
    if which == "low":
        chosen += (Filter("value", "<", SATISFIED_FROM - _ROUNDING),)
    elif which == "worded":
        chosen += (Filter("attributes.feedback", "is not null"),)
    count = Query(start=window.start, end=window.end, filters=chosen, measures=(Measure("count", name="n"),))
    rows = list(event_rows(engine, window, chosen, _COLUMNS, limit=limit))
    stated = {str(row[-2]) for row in rows if row[-2] is not None}
    known = _known(engine, stated)
    return FeedbackList(tuple(_feedback(row, known) for row in rows), engine.aggregate(count).rows[0][0])


def _feedback(row: tuple[Any, ...], known: Mapping[str, Interaction]) -> Feedback:
    time, _, _, name, value, feature, agent, user, project, run, session, ticket, parent, words, stated, given = row
    around: tuple[tuple[InteractionKind, str | None], ...] = (
        ("operation", parent), ("run", run), ("session", session), ("ticket", ticket),
    )  # fmt: skip
    own = next((Interaction(kind, id_, project) for kind, id_ in around if id_ is not None), None)
    text = None if stated is None else str(stated)
    return Feedback(
        time=time, type=name, score=value, given=None if given is None else str(given), words=words,
        feature=feature, agent=agent, user=user, interaction=known.get(text or "", own), stated=text,
    )  # fmt: skip


def _known(engine: Engine, names: set[str]) -> dict[str, Interaction]:
    """Of the interactions that scores name those that there are, an operation before a run, that before a session."""
    found: dict[str, Interaction] = {}
    for kind, column in _KINDS if names else ():
        among = Filter(column, "in", tuple(sorted(names)))
        tasks = (Filter("kind", "in", TASK_KINDS),) if kind == "operation" else ()
        query = Query(filters=(*tasks, among), group=(column, "project"))
        for row in engine.aggregate(query).records():
            found.setdefault(row[column], Interaction(kind, row[column], row["project"]))
    return found

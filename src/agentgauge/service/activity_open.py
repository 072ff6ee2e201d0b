"""What has begun and not ended: agents, tools, runs, issues, sessions and tickets, and tasks known by what is inside;
and whether it goes on, which is what `running` means wherever it is said.

A start mark says that something began (`agentgauge.events.marks`). A span of `Gauge.span` has none: it is known to be
open while calls that name it as their parent are there and its own event is not. That can be told of processes alone
whose end can be, and of calls of the last hour. What agents do in a piece of work is over when a mark ends that.

Costs a scan of the newest 2,000 marks of the time asked about, and one or two questions about spans.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.engines.query import Page
from agentgauge.events import marks
from agentgauge.service.activity_writers import Writers

What = Literal["agent", "tool", "debugging cycle", "task", "run", "issue", "session", "ticket"]
KEY = ("project", "agent", "role", "run", "session", "work_item")
Key = tuple[str | None, str | None, str | None, str | None, str | None, str | None]
"""An agent in one piece of work: the values of `KEY`."""
Place = tuple[str | None, str, str]
"""A piece of work: its project, the column of `KEY` that names it, and its name."""

_SPANS: Mapping[str, What] = {
    marks.AGENT_START: "agent",
    marks.TOOL_START: "tool",
    marks.DEBUGGING_START: "debugging cycle",
}
_STARTS: Mapping[str, What] = {
    marks.RUN_START: "run",
    marks.ISSUE_START: "issue",
    marks.SESSION_START: "session",
    marks.TICKET_START: "ticket",
}
_ENDS: Mapping[str, What] = {
    marks.RUN_END: "run",
    marks.ISSUE_END: "issue",
    marks.SESSION_END: "session",
    marks.TICKET_END: "ticket",
}
QUIET = timedelta(minutes=15)
"""How long what is open goes on after its last event, where nobody knows whether its process does."""
DAY = timedelta(days=1)
"""How long ago what is looked for may have begun."""
_MOST_MARKS = 2000
_MOST_PARENTS = 500
_INSIDE = timedelta(hours=1)
"""How long a task is looked for by the calls inside it."""
_NAMES = ("time", "name", "span_id", "segment", "arrived", "issue", "ticket", "attributes.tool", *KEY)


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """Something that has begun and not ended."""

    key: Key
    what: What
    name: str | None
    """Of a tool, a run, an issue, a session or a ticket."""
    since: datetime
    is_writing: bool | None
    """Whether the process that began it still runs; None where that cannot be known."""

    @property
    def is_work(self) -> bool:
        """Whether it is a piece of work, in which agents work, and nothing that an agent does."""
        return self.what in ("run", "issue", "session", "ticket")

    @property
    def places(self) -> tuple[Place, ...]:
        """Of a piece of work, that; of what an agent does, all the work it is in."""
        project, _, _, run, session, work_item = self.key
        if self.is_work:
            return () if self.name is None else ((project, _column(self.what), self.name),)
        named = (("run", run), ("session", session), ("work_item", work_item))
        return tuple((project, column, name) for column, name in named if name is not None)

    def goes_on(self, last: datetime | None, now: datetime) -> bool:
        """Whether its process runs; where that cannot be known, whether its last event was within `QUIET`."""
        if self.is_writing is not None:
            return self.is_writing
        return last is not None and last > now - QUIET


def open_now(engine: Engine, start: datetime, now: datetime, writers: Writers) -> tuple[Open, ...]:
    """What has begun since `start`, and not ended, the oldest first."""
    spans, works, over = _marked(engine, start, writers)
    for parent, found in (_parents(engine, now, writers) if writers.living else {}).items():
        spans.setdefault(parent, found)
    ended = _ended(engine, start, spans)
    left = (*(found for span, found in spans.items() if span not in ended), *works)
    return tuple(sorted((found for found in left if over.isdisjoint(found.places)), key=lambda found: found.since))


def running_places(engine: Engine, opened: Iterable[Open], now: datetime) -> frozenset[Place]:
    """The work that runs: its own mark, or something that an agent began in it, goes on. One question, where of some of
    it nobody knows whether its process does.
    """
    listed = tuple(opened)
    last: dict[Key, datetime] = {}
    if any(each.is_writing is None for each in listed):
        query = Query(start=now - QUIET, group=KEY, measures=(Measure("max", "time", name="last"),))
        last = {key_of(row): row["last"] for row in engine.aggregate(query).records()}
    return frozenset(
        place
        for each in listed
        if each.goes_on(_last_in(each.places[0], last) if each.is_work and each.places else last.get(each.key), now)
        for place in each.places
    )


def is_in(key: Key, place: Place) -> bool:
    project, column, name = place
    return key[0] == project and key[KEY.index(column)] == name


def _last_in(place: Place, last: Mapping[Key, datetime]) -> datetime | None:
    return max((time for key, time in last.items() if is_in(key, place)), default=None)


def _marked(engine: Engine, start: datetime, writers: Writers) -> tuple[dict[str, Open], Iterable[Open], set[Place]]:
    """Spans that were begun, by id; works that no mark has ended since; and where those are that one has."""
    named = (Filter("kind", "=", "mark"), Filter("name", "in", (*_SPANS, *_STARTS, *_ENDS)))
    newest = Query(start=start, filters=named, page=Page(newest_first=True))
    spans: dict[str, Open] = {}
    works: dict[tuple[str, str | None, str], Open] = {}
    over: set[Place] = set()
    rows = [dict(zip(_NAMES, row, strict=True)) for row in engine.scan(newest, _NAMES, _MOST_MARKS)]
    for row in reversed(rows):
        mark = row["name"]
        if mark in _SPANS:
            if row["span_id"] is not None:
                spans[row["span_id"]] = _open(_SPANS[mark], row["attributes.tool"], row, writers)
            continue
        what = _STARTS.get(mark) or _ENDS[mark]
        name = row[what]
        if name is None:
            continue
        place = row["project"], _column(what), name
        if mark in _STARTS:
            works[what, row["project"], name] = _open(what, name, row, writers)
            over.discard(place)
        else:
            works.pop((what, row["project"], name), None)
            over.add(place)
    return spans, works.values(), over


def _column(what: What) -> str:
    """That names a piece of work."""
    return what if what in ("run", "session") else "work_item"


def _open(what: What, name: str | None, row: Mapping[str, Any], writers: Writers) -> Open:
    is_writing = writers.is_writing(row["segment"], row["arrived"])
    return Open(key=key_of(row), what=what, name=name, since=row["time"], is_writing=is_writing)


def _parents(engine: Engine, now: datetime, writers: Writers) -> dict[str, Open]:
    """Spans that calls of living processes name as what they are inside."""
    query = Query(
        start=now - _INSIDE,
        filters=(Filter("parent_id", "is not null"), Filter("arrived", "is null")),
        group=(*KEY, "parent_id", "segment"),
        measures=(Measure("began"), Measure("max", "time", name="last")),
        order=("-last",),
        limit=_MOST_PARENTS,
    )
    found: dict[str, Open] = {}
    for row in engine.aggregate(query).records():
        if not writers.is_writing(row["segment"]):
            continue
        known, since = found.get(row["parent_id"]), row["began"]
        if known is None or since < known.since:
            key = key_of(row) if known is None else known.key
            found[row["parent_id"]] = Open(key=key, what="task", name=None, since=since, is_writing=True)
    return found


def _ended(engine: Engine, start: datetime, spans: Iterable[str]) -> frozenset[str]:
    asked = tuple(spans)
    if not asked:
        return frozenset()
    own = (Filter("span_id", "in", asked), Filter("kind", "!=", "mark"))
    query = Query(start=start, filters=own, group=("span_id",))
    return frozenset(row["span_id"] for row in engine.aggregate(query).records())


def key_of(row: Mapping[str, Any]) -> Key:
    project, agent, role, run, session, work_item = (row[name] for name in KEY)
    return project, agent, role, run, session, work_item

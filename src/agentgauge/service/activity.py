"""What goes on now: agents at work, what they are at, and what is spent minute by minute.

    running    something it began has not ended: a start without its end, or calls inside a task that is not over; a
               session too, whose start names the agent. The process that began it still runs; where that cannot be
               known, of what was imported or received, there was an event within 15 minutes. What is left open in
               work that a mark has ended is over
    seen       nothing is known to be open, and there was an event within 5 minutes
    cut off    something it began has not ended, and its process is gone; for 5 minutes

An agent that calls a model outside of every span, or records what it did when that is over, is only ever seen. What
began more than a day ago is not found.

Costs half a dozen questions: about the last day, the last hour and their newest events.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.activity_minutes import Minute, Spent, last_hour
from agentgauge.service.activity_open import DAY, KEY, Key, Open, Place, is_in, key_of, open_now
from agentgauge.service.activity_writers import Writers

__all__ = ["Activity", "AtWork", "Minute", "Spent", "activity"]

State = Literal["running", "seen", "cut off"]
RECENT = timedelta(minutes=5)
_MOST_ROWS = 200


class AtWork(msgspec.Struct, frozen=True, kw_only=True):
    """An agent in one piece of work. Its figures are of the last day."""

    agent: str | None
    """None of what belongs to no agent; and of a run, issue, session or ticket that is open while no agent is."""
    role: str | None
    project: str | None
    run: str | None
    session: str | None
    work_item: str | None
    state: State
    doing: str
    """What is open, or else what its last event was."""
    operation: str | None
    began: datetime
    """Of what is running: when the oldest of it that is open began, as far as that is known. Else its first event."""
    last: datetime
    """Its last event."""
    cost_usd: Decimal | None
    unpriced_calls: int
    tokens: int
    calls: int
    failures: int
    """Calls, tool calls and tasks whose outcome is not success."""


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    as_of: datetime
    day_start: datetime
    today: Spent
    """Since `day_start`."""
    hour: Spent
    recent: Spent
    recent_minutes: int
    """How many minutes `recent` is of, up to now."""
    open_tool_calls: int
    """That are under way; of tools alone whose start is recorded."""
    minutes: tuple[Minute, ...]
    """The last 60, the oldest first."""
    agents: tuple[AtWork, ...]
    """Running ones first, those with the latest event first. At most 200, and what is open beside them."""
    last: datetime | None
    """Time of the last event of all; None where nothing was ever recorded."""

    @property
    def cost_per_minute_usd(self) -> Decimal | None:
        return None if self.recent.cost_usd is None else self.recent.cost_usd / self.recent_minutes

    @property
    def tokens_per_minute(self) -> float:
        return self.recent.tokens / self.recent_minutes


def activity(engine: Engine, now: datetime, day_start: datetime, writers: Writers) -> Activity:
    """As of the aware time `now`; `day_start` is when today began for who asks."""
    found = last_hour(engine, now, RECENT)
    opened = open_now(engine, now - DAY, now, writers)
    rows = _rows(engine, now - DAY)
    agents = _agents(engine, now, opened, rows)
    return Activity(
        as_of=now,
        day_start=day_start,
        today=_spent_since(engine, day_start),
        hour=found.hour,
        recent=found.recent,
        recent_minutes=RECENT // timedelta(minutes=1),
        open_tool_calls=sum(
            each.goes_on(rows[each.key]["last"] if each.key in rows else None, now)
            for each in opened
            if each.what == "tool"
        ),
        minutes=found.minutes,
        agents=agents,
        last=_last(engine, rows),
    )


_SPENT = (
    Measure("cost"),
    Measure("tokens"),
    Measure("count", over="llm_call", name="calls"),
    Measure("count", over="tool_call", name="tool_calls"),
    Measure("failures", over="llm_call", name="failed_calls"),
    Measure("failures", over="tool_call", name="failed_tool_calls"),
    Measure("failures", over="tasks", name="failed_tasks"),
)
_FIGURES = (
    *_SPENT,
    Measure("count", over="tasks", name="tasks"),
    Measure("began"),
    Measure("max", "time", name="last"),
)


def _rows(engine: Engine, start: datetime) -> dict[Key, dict[str, Any]]:
    """Figures of agents in their work, those with the latest event first."""
    query = Query(start=start, group=KEY, measures=_FIGURES, order=("-last",), limit=_MOST_ROWS)
    return {key_of(row): row for row in engine.aggregate(query).records()}


def _spent_since(engine: Engine, start: datetime) -> Spent:
    row = engine.aggregate(Query(start=start, measures=_SPENT)).records()[0]
    return Spent(_cost(row), row["unpriced_calls"], row["tokens"], row["calls"], row["tool_calls"], _failures(row))


def _cost(row: Mapping[str, Any]) -> Decimal | None:
    return Decimal(0) if row["cost_usd"] is None and not row["unpriced_calls"] else row["cost_usd"]


def _failures(row: Mapping[str, Any]) -> int:
    return sum(row[name] for name in ("failed_calls", "failed_tool_calls", "failed_tasks"))


def _last(engine: Engine, rows: dict[Key, dict[str, Any]]) -> datetime | None:
    known: list[datetime] = [row["last"] for row in rows.values()]
    if known:
        return max(known)
    last: datetime | None = engine.aggregate(Query(measures=(Measure("max", "time", name="last"),))).rows[0][0]
    return last


def _agents(
    engine: Engine, now: datetime, opened: Sequence[Open], rows: dict[Key, dict[str, Any]]
) -> tuple[AtWork, ...]:
    of_agents: dict[Key, list[Open]] = {}
    for each in opened:
        key = _line_of(each, rows) if each.is_work else each.key
        if key is not None:
            of_agents.setdefault(key, []).append(each)
    shown: dict[Key, tuple[State, list[Open]]] = {}
    for key, row in rows.items():
        open_here = of_agents.get(key, [])
        if key[1] is None and not (open_here or row["calls"] or row["tool_calls"] or row["tasks"]):
            continue  # marks of the work that agents are in
        running = [each for each in open_here if each.goes_on(row["last"], now)]
        if running:
            shown[key] = "running", running
        elif row["last"] > now - RECENT:
            gone = [each for each in open_here if each.is_writing is False]
            shown[key] = ("cut off", gone) if gone else ("seen", [])
    last_events = _last_events(engine, [rows[key] for key in shown])
    found = [
        _at_work(key, rows[key], state, open_here, last_events.get(key, {}))
        for key, (state, open_here) in shown.items()
    ]
    lately = [key for key, row in rows.items() if row["last"] > now - RECENT]
    works = [
        each
        for each in opened
        if each.is_work and (each.is_writing is not False or any(_is_of(each, key) for key in lately))
    ]
    found += _works(engine, now, works, found)
    order: Sequence[State] = ("running", "seen", "cut off")
    return tuple(sorted(found, key=lambda one: (order.index(one.state), -one.last.timestamp())))


def _line_of(work: Open, rows: Iterable[Key]) -> Key | None:
    """Where the agent that began a piece of work, as logs of sessions say it did, was last at work in it."""
    return next((key for key in rows if key[1] == work.key[1] and _is_of(work, key)), None) if work.key[1] else None


_LAST_COLUMNS = ("time", "kind", "name", "model", "outcome", "operation", *KEY)


def _last_events(engine: Engine, rows: Sequence[dict[str, Any]]) -> dict[Key, dict[str, Any]]:
    """The last event of each."""
    if not rows:
        return {}
    times = tuple({row["last"] for row in rows})
    query = Query(start=min(times), filters=(Filter("time", "in", times),))
    found = (dict(zip(_LAST_COLUMNS, row, strict=True)) for row in engine.scan(query, _LAST_COLUMNS))
    return {key_of(row): row for row in found}


def _at_work(key: Key, row: dict[str, Any], state: State, opened: Sequence[Open], last_event: dict[str, Any]) -> AtWork:
    return AtWork(
        **dict(zip(KEY, key, strict=True)),
        state=state,
        doing=_doing(opened, last_event),
        operation=last_event.get("operation"),
        began=min((each.since for each in opened), default=row["began"]),
        last=row["last"],
        cost_usd=_cost(row),
        unpriced_calls=row["unpriced_calls"],
        tokens=row["tokens"],
        calls=row["calls"],
        failures=_failures(row),
    )


def _doing(opened: Sequence[Open], last_event: dict[str, Any]) -> str:
    """`tool bash`, `debugging cycle`, `gpt-5-mini`, `after tool grep`, `ended turn`."""
    for each in reversed(opened):
        if each.what in ("tool", "debugging cycle"):
            return f"{each.what} {each.name}" if each.name else each.what
    kind = last_event.get("kind")
    failed = "" if last_event.get("outcome") in (None, "success") else f", {last_event['outcome']}"
    match kind:
        case None:
            return ""
        case "llm_call":
            return f"{last_event['model']}{failed}"
        case "tool_call":
            return f"tool {last_event['name']}{failed}"
        case "task":
            return f"ended {last_event['name']}{failed}"
        case _:
            said: str = (last_event["name"] if kind == "mark" else None) or kind
            return said.replace("_", " ")


def _works(engine: Engine, now: datetime, opened: Iterable[Open], agents: Iterable[AtWork]) -> list[AtWork]:
    """Runs, issues, sessions and tickets that are open while no agent is at work in them: the innermost ones."""
    found: list[AtWork] = []
    at_work = (one for one in agents if one.state != "seen")
    busy = {place for one in at_work for place in _places(one.project, one.run, one.session, one.work_item)}
    for each in sorted(opened, key=lambda opened: opened.since, reverse=True):
        project, _, _, run, session, work_item = each.key
        if not each.places or each.places[0] in busy:
            continue
        row = _figures_of(engine, now - DAY, each.places[0])
        if each.goes_on(row["last"], now):
            state: State = "running"
        elif each.is_writing is False:
            state = "cut off"
        else:
            continue
        key = (project, None, None, run, session, work_item)
        found.append(_at_work(key, row, state, [each], {"kind": "mark", "name": f"{each.what} is open"}))
        busy.update(_places(project, run, session, work_item))
    return found


def _is_of(work: Open, key: Key) -> bool:
    return any(is_in(key, place) for place in work.places)


def _places(
    project: str | None, run: str | None, session: str | None, work_item: str | None
) -> Iterable[tuple[str | None, str, str | None]]:
    return ((project, "run", run), (project, "session", session), (project, "work_item", work_item))


def _figures_of(engine: Engine, start: datetime, place: Place) -> dict[str, Any]:
    project, column, name = place
    own = Filter("project", "is null") if project is None else Filter("project", "=", project)
    query = Query(start=start, filters=(Filter(column, "=", name), own), measures=_FIGURES)
    return engine.aggregate(query).records()[0]

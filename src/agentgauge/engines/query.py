"""Query: a question about events, as data. It holds no SQL; an engine turns it into its own.

    Query(
        start=datetime(2025, 10, 1, tzinfo=UTC),
        filters=(Filter("agent", "=", "reviewer"),),
        group=("model", TimeBucket("day", "Europe/Berlin")),
        measures=(Measure("count", over="tasks"), Measure("cost"), Measure("p95", "duration_ms", over="tasks")),
        order=("-cost_usd",),
    )

Every part checks itself when it is made and raises `QueryError` naming the values it takes.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, get_args

import msgspec

from agentgauge.engines.columns import column
from agentgauge.engines.conditions import Filter
from agentgauge.engines.measures import Measure
from agentgauge.engines.time_buckets import WIDTHS, Width, zone_named
from agentgauge.errors import QueryError

__all__ = ["Filter", "Measure", "Page", "Query", "TimeBucket"]

Relation = Literal["events", "operations", "components", "spans"]
"""What a row of the question is: an event, or

`operations` has one row per task, with the columns of the task's event and what the calls inside it used: tokens,
money, model and provider (several are joined by ' + '). Cost is null where a call inside is unpriced (`cost_source` is
then `unpriced`), and like the tokens where there is none inside. A call counts in the innermost task around it.

`components` has one row per timing of a part of a task, see `agentgauge.engines.components`; `spans` one per task,
model call and tool call with its path from the outermost, see `agentgauge.engines.spans`. Of both, window and filters
choose the tasks, and the outermost spans.

A condition on the project holds of every event that a row is made of: a call of another project is in no task, and
hides none."""


class TimeBucket(msgspec.Struct, frozen=True):
    """Groups by the bucket of time that an event falls into, by the clocks of a time zone.

    Days, weeks (from Monday) and months begin at local midnight, so a day has 23 or 25 hours where clocks change; hours
    and quarter hours are elapsed time. In the answer a bucket is its start, by the zone's clocks and with their
    offset from UTC.
    """

    width: Width
    zone: str = "UTC"
    fill: bool = False
    """Whether buckets without events are answered too, from the window's start to its end (where open: the first and
    last event)."""
    name: str = ""
    """Name of the column in the answer; the width by default."""

    def __post_init__(self) -> None:
        if self.width not in WIDTHS:
            raise QueryError(f"time bucket {self.width!r}: use one of {', '.join(WIDTHS)}")
        zone_named(self.zone)

    @property
    def label(self) -> str:
        return self.name or self.width


class Page(msgspec.Struct, frozen=True):
    """Where a scan begins, and which way it goes: by time, and of one time by segment and n, which an event has from
    the first and keeps."""

    newest_first: bool = False
    after: tuple[datetime, str, int] | None = None
    """Time, segment and n of the last event of the page before; None of the first page."""


class Query(msgspec.Struct, frozen=True, kw_only=True):
    start: datetime | None = None
    """First moment that belongs to the window, aware; None: from the beginning."""
    end: datetime | None = None
    """First moment after the window, aware; None: to the end."""
    filters: tuple[Filter, ...] = ()
    """All must hold."""
    group: tuple[str | TimeBucket, ...] = ()
    """Columns, `attributes.<key>` and time buckets. Without any, the answer is one row. Absent values form a group,
    None."""
    measures: tuple[Measure, ...] = (Measure("count"),)
    order: tuple[str, ...] = ()
    """Names of columns of the answer, descending with a leading '-'; None comes last. Ties, and all without an order,
    by group key."""
    limit: int | None = None
    after: tuple[Any, ...] | None = None
    """Only groups that come after one: its values of the columns that `order` names, and then its group keys."""
    page: Page | None = None
    """Of a scan. Without one, events come in order of time and then id."""
    relation: Relation = "events"
    exact: bool = True
    """Else percentiles may be answered from summaries, within 1 % of the value; the answer says which they are."""

    def __post_init__(self) -> None:
        if self.relation not in get_args(Relation):
            raise QueryError(f"no relation {self.relation!r}: use one of {', '.join(get_args(Relation))}")
        if self.relation != "events" and any(measure.over not in ("all", "tasks") for measure in self.measures):
            raise QueryError(f"of {self.relation} every row counts: leave `over` out")
        _check_window(self.start, self.end)
        names = [key if isinstance(key, str) else key.label for key in self.group]
        for key in self.group:
            if isinstance(key, str) and column(key).type in ("json", "time"):
                raise QueryError(
                    f"cannot group by {key}: use attributes.<key>, or TimeBucket({', '.join(WIDTHS)}) for time"
                )
        for measure in self.measures:
            names += [answered.name for answered in measure.columns]
        if not names:
            raise QueryError("a query needs a group key or a measure")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise QueryError(f"two columns named {', '.join(twice)}: give one measure or bucket a name of its own")
        self._check_order(names)
        self._check_after()
        self._check_fill()

    def _check_order(self, names: list[str]) -> None:
        unordered = {c.name for measure in self.measures for c in measure.columns if c.type in ("summary", "histogram")}
        for term in self.order:
            name = term.removeprefix("-")
            if name not in names or name in unordered:
                allowed = ", ".join(name for name in names if name not in unordered)
                raise QueryError(f"cannot order by {name!r}: use one of {allowed}, with a leading '-' for descending")
        if self.limit is not None and (type(self.limit) is not int or self.limit < 1):
            raise QueryError(f"limit is a whole number of at least 1, got {self.limit!r}")

    def _check_after(self) -> None:
        if self.after is None:
            return
        if not all(isinstance(key, str) for key in self.group):
            raise QueryError("groups of time buckets are not asked for page by page: take another window")
        if len(self.after) != len(self.order) + len(self.group):
            raise QueryError(
                f"after is a value of each of {', '.join((*self.order, *map(str, self.group)))}, got {len(self.after)}"
            )

    def _check_fill(self) -> None:
        filled = [key for key in self.group if isinstance(key, TimeBucket) and key.fill]
        if len(filled) > 1:
            raise QueryError("only one time bucket of a query can be filled")
        if filled and (self.order or self.limit is not None):
            raise QueryError(
                "a filled time bucket is answered whole and in order of the group keys: leave out order and limit"
            )


def _check_window(start: datetime | None, end: datetime | None) -> None:
    for name, moment in (("start", start), ("end", end)):
        if moment is not None and moment.utcoffset() is None:
            raise QueryError(f"{name} {moment.isoformat()} has no time zone; use datetime(..., tzinfo=timezone.utc)")
    if start is not None and end is not None and start > end:
        raise QueryError(f"start {start.isoformat()} is after end {end.isoformat()}")

"""What the lists of `/runs`, and the pages of single runs, can be asked for besides the filters of every page.

?view=calls&tool=bash&outcome=failed        the rows behind a figure, as other pages link to them
?view=runs&order=dearest&after=...          the next page of a list
/runs/r-1?of=shop&event=...                 a run of one project, with one of its events open
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from agentgauge.api.beyond.question import Words
from agentgauge.dashboard.filters import NAMES, PageFilters
from agentgauge.engines import Filter
from agentgauge.errors import QueryError
from agentgauge.events.event import from_micros, to_micros
from agentgauge.service.records.failures import UNSUCCESSFUL
from agentgauge.service.records.rows import RowKey

View = Literal["runs", "sessions", "tickets", "tasks", "calls"]
Order = Literal["newest", "dearest", "slowest"]
_COLUMNS = (
    "user",
    "team",
    "feature",
    "operation",
    "provider",
    "error_type",
    "error_category",
    "session",
    "run",
    "kind",
)
"""Own parameters that are columns of the same name; `ticket`, `issue`, `tool` and the others mean more."""
_OF_CALLS = ("tool", "error_type", "error_category", "priced", "kind", "provider")
"""Filters that single events have, and tasks have not."""
FAILED = "failed"
_KEPT_PLACE = {"csv", "svg", "after", "part", "event"}
_Key = Annotated[str | None, Field(max_length=200, pattern=r"^\d{1,17}-\d{1,15}-[^\x00]+$")]


class _Placed(PageFilters):
    """Parameters that say where in a list one is: they are left out of links to another list."""

    def here(self, path: str, **changes: Any) -> str:
        if not changes.keys() <= _KEPT_PLACE:
            changes = {name: None for name in ("after", "part", "event") if name in type(self).model_fields} | changes
        return super().here(path, **changes)

    def hidden(self, *without: str) -> Any:
        return super().hidden(*without, *_KEPT_PLACE)


class RunsFilters(_Placed):
    view: View | None = None
    """None: what the filters are of, or else the first that there are any of."""
    order: Order = "newest"
    after: Annotated[str | None, Field(max_length=2000)] = None
    user: Words = ()
    team: Words = ()
    feature: Words = ()
    operation: Words = ()
    tool: Words = ()
    provider: Words = ()
    session: Words = ()
    run: Words = ()
    ticket: Words = ()
    """Or issue."""
    kind: Words = ()
    outcome: Words = ()
    """`failed` is any that is not success."""
    error_type: Words = ()
    error_category: Words = ()
    priced: Literal["no"] | None = None
    """`no`: model calls of which no price is known."""
    min_ms: Annotated[float | None, Field(ge=0, le=1e12)] = None
    max_ms: Annotated[float | None, Field(ge=0, le=1e12)] = None

    def own_filters(self) -> dict[str, tuple[str, ...]]:
        """What is filtered by beside what every page is, by the parameter's name."""
        names = ("user", "team", "feature", "operation", "tool", "provider", "session", "run", "ticket", "kind")
        found = {name: getattr(self, name) for name in (*names, "outcome", "error_type", "error_category")}
        numbers = {name: (f"{value:g}",) for name in ("min_ms", "max_ms") if (value := getattr(self, name)) is not None}
        priced = {"priced": (self.priced,)} if self.priced else {}
        return {name: values for name, values in (found | priced | numbers).items() if values}

    def is_of_calls(self) -> bool:
        return any(getattr(self, name) for name in _OF_CALLS)

    def is_of_tasks(self) -> bool:
        return any(getattr(self, name) for name in ("operation", "outcome", "min_ms", "max_ms"))

    def conditions(self, *without: str) -> tuple[Filter, ...]:
        found = [*super().conditions(*without)]
        found += [one_of(name, values) for name in _COLUMNS if (values := getattr(self, name))]
        if self.ticket:
            found.append(one_of("work_item", self.ticket))
        if self.tool:
            found += [Filter("kind", "=", "tool_call"), one_of("name", self.tool)]
        if self.priced:
            found += [Filter("kind", "=", "llm_call"), Filter("cost_usd", "is null")]
        if self.outcome:
            found.append(UNSUCCESSFUL if FAILED in self.outcome else one_of("outcome", self.outcome))
        if self.min_ms is not None:
            found.append(Filter("duration_ms", ">=", self.min_ms))
        if self.max_ms is not None:
            found.append(Filter("duration_ms", "<", self.max_ms))
        return tuple(found)


class OneFilters(_Placed):
    """Of a single run, session, ticket or task: it is shown whole, whatever range the page before had."""

    of: Annotated[str | None, Field(max_length=500)] = None
    """The project, where several have one of that name; empty: that of none."""
    kind: Words = ()
    """Only these kinds of events in the waterfall."""
    after: _Key = None
    """The row of the waterfall that the page before ended with."""
    part: _Key = None
    event: _Key = None
    """The event whose fields are shown."""

    def here(self, path: str, **changes: Any) -> str:
        if changes.keys() == {"event"}:
            return super().here(path, **changes)
        return super().here(path, **({"event": None} | changes) if changes and "csv" not in changes else changes)


def one_of(column: str, values: tuple[str, ...]) -> Filter:
    return Filter(column, "=", values[0]) if len(values) == 1 else Filter(column, "in", tuple(sorted(values)))


def written_key(key: RowKey) -> str:
    """A row's key in an address."""
    time, segment, n = key
    return f"{to_micros(time)}-{n}-{segment}"


def read_key(text: str | None) -> RowKey | None:
    """Raises `QueryError` for what no page has written."""
    if text is None:
        return None
    micros, n, segment = text.split("-", 2)
    try:
        time: datetime = from_micros(int(micros))
    except OverflowError:
        raise QueryError("no such event: take the address from a link", field="event") from None
    return time, segment, int(n)


__all__ = ["FAILED", "NAMES", "OneFilters", "Order", "RunsFilters", "View", "read_key", "written_key"]

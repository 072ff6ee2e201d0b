"""What the lists of `/runs`, and the pages of single runs, can be asked for besides the filters of every page.

?view=calls&tool=bash&outcome=failed        the rows behind a figure, as other pages link to them
?view=tasks&without=role&having=outcome     those that name no role, and say how they ended
?view=runs&order=dearest&after=...          the next page of a list
/runs/r-1?of=shop&event=...                 a run of one project, with one of its events open
"""

from __future__ import annotations

import math
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated, Any, Literal

from pydantic import Field

from agentgauge.api.beyond.question import Words
from agentgauge.dashboard.filters import NAMES, PageFilters
from agentgauge.engines import Filter
from agentgauge.engines.conditions import Operator
from agentgauge.errors import QueryError
from agentgauge.events.event import from_micros, to_micros
from agentgauge.events.fields import MONEY_STEP
from agentgauge.service.records.failures import UNSUCCESSFUL
from agentgauge.service.records.rows import RowKey

View = Literal["runs", "sessions", "tickets", "tasks", "calls"]
Order = Literal["newest", "dearest", "slowest"]
Absent = Literal[
    "project", "agent", "role", "model", "user", "team", "feature", "operation", "tool", "provider", "session", "run",
    "ticket", "name", "error_category", "severity",
]  # fmt: skip
"""What events may name none of."""
Present = Literal["outcome", "duration", "cost", "tokens", "quality", "recovery", "before"]
"""What events may have or not have, where a figure is of those that do."""
_OWN_NAMES = ("user", "team", "feature", "operation", "tool", "provider", "session", "run", "ticket", "kind", "name")
_OF_ERRORS = ("error_type", "error_category", "severity", "recovery")
_MEANT = {
    "ticket": "work_item", "measured": "attributes.metric_type",
    "duration": "duration_ms", "cost": "cost_usd", "quality": "quality_score", "before": "attributes.before_value",
}  # fmt: skip
"""The columns that parameters and their values mean, where they are called otherwise."""
_OF_COLUMNS = (*(name for name in _OWN_NAMES if name != "tool"), *_OF_ERRORS, "measured")
"""Own parameters that are of one column each; `tool`, `outcome` and the others mean more."""
_LIMITS: dict[str, tuple[str, Operator]] = {
    "min_ms": ("duration_ms", ">="), "max_ms": ("duration_ms", "<"),
    "above_ms": ("duration_ms", ">"), "up_to_ms": ("duration_ms", "<="),
    "above_usd": ("cost_usd", ">"), "up_to_usd": ("cost_usd", "<="),
    "above_tokens": ("tokens", ">"), "up_to_tokens": ("tokens", "<="),
}  # fmt: skip
"""`above` and `up_to` are the edges of a class: what is equal to an edge is in the class below it."""
_OF_CALLS = ("tool", "name", "priced", "kind", "provider", "measured")
"""Filters that single events have, and tasks have not, as those of errors."""
FAILED = "failed"
_KEPT_PLACE = {"csv", "svg", "after", "part", "event"}
Amount = Annotated[float | None, Field(ge=0, le=1e12)]
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
    name: Words = ()
    """What an event itself is called: a measurement, an action of a feature, a kind of satisfaction."""
    measured: Words = ()
    """Measurements of these: `learning`, `optimization`."""
    error_type: Words = ()
    error_category: Words = ()
    severity: Words = ()
    recovery: Words = ()
    without: tuple[Absent, ...] = ()
    """Only what names none of this; several times: none of any."""
    having: tuple[Present, ...] = ()
    priced: Literal["no"] | None = None
    """`no`: model calls of which no price is known."""
    min_ms: Amount = None
    max_ms: Amount = None
    above_ms: Amount = None
    up_to_ms: Amount = None
    above_usd: Amount = None
    up_to_usd: Amount = None
    above_tokens: Amount = None
    up_to_tokens: Amount = None

    def own_filters(self) -> dict[str, tuple[str, ...]]:
        """What is filtered by beside what every page is, by the parameter's name."""
        names = (*_OWN_NAMES, "outcome", "measured", *_OF_ERRORS, "without", "having")
        found = {name: getattr(self, name) for name in names}
        numbers = {name: (f"{value:g}",) for name in _LIMITS if (value := getattr(self, name)) is not None}
        priced = {"priced": (self.priced,)} if self.priced else {}
        return {name: values for name, values in (found | priced | numbers).items() if values}

    def is_of_calls(self) -> bool:
        return self._has_any(*_OF_CALLS, *_OF_ERRORS)

    def is_of_tasks(self) -> bool:
        return self._has_any("operation", "outcome", "having", *_LIMITS)

    def _has_any(self, *names: str) -> bool:
        """Whether one of these was asked for: a limit of 0 is one."""
        return any(getattr(self, name) not in ((), None) for name in names)

    def conditions(self, *without: str) -> tuple[Filter, ...]:
        found = [*super().conditions(*without)]
        found += [one_of(_MEANT.get(name, name), values) for name in _OF_COLUMNS if (values := getattr(self, name))]
        if self.tool:
            found += [Filter("kind", "=", "tool_call"), one_of("name", self.tool)]
        if self.priced:
            found += [Filter("kind", "=", "llm_call"), Filter("cost_usd", "is null")]
        if self.outcome:
            found.append(UNSUCCESSFUL if FAILED in self.outcome else one_of("outcome", self.outcome))
        found += [
            Filter(column, operator, _limit(column, value))
            for name, (column, operator) in _LIMITS.items()
            if (value := getattr(self, name)) is not None
        ]
        if "tool" in self.without:
            found += [Filter("kind", "=", "tool_call"), Filter("name", "is null")]
        found += [Filter(_MEANT.get(name, name), "is null") for name in self.without if name != "tool"]
        found += [Filter(_MEANT.get(name, name), "is not null") for name in self.having]
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


def _limit(column: str, value: float) -> float | int | Decimal:
    """As values of the column are: none of them is between this and the limit that was asked for."""
    if column == "duration_ms":
        return value
    return math.floor(value) if column == "tokens" else Decimal(value).quantize(MONEY_STEP, ROUND_FLOOR)


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

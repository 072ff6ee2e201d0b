"""`/runs`: the rows behind every figure: runs, sessions, tickets and issues, tasks, and single events.

Lists come a page at a time, by the key of the last row before, with the window of the first page. Runs, sessions and
tickets are those with events that meet the filters, and their figures are of these events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, get_args

import msgspec

from agentgauge.api.beyond.lists import dollars, row_key, up_to_first_page, work_key, written_row_key, written_work_key
from agentgauge.api.paging import DEFAULT_LIMIT, MOST_ROWS, Key
from agentgauge.api.paging import Page as ListPage
from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Empty, Note, Own
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.runs_filters import Order, RunsFilters, View
from agentgauge.dashboard.pages.runs_tables import STATES_CHANGE_AFTER, events_table, tasks_table, works_table
from agentgauge.dashboard.table import Table
from agentgauge.errors import QueryError
from agentgauge.service.activity_writers import look_at_writers
from agentgauge.service.records.counting import Counted, counted
from agentgauge.service.records.operations import list_operations
from agentgauge.service.records.ranked import RankKey, rank_key, ranked
from agentgauge.service.records.rows import missing_before
from agentgauge.service.records.states import states
from agentgauge.service.records.work import WorkKind, WorkOrder, list_work
from agentgauge.service.records.work_item import course
from agentgauge.service.window import Window

VIEWS: dict[View, str] = {
    "runs": "Runs", "sessions": "Sessions", "tickets": "Tickets and issues", "tasks": "Tasks", "calls": "Events",
}  # fmt: skip
_KINDS: dict[View, tuple[WorkKind, str]] = {
    "runs": ("run", "Run"), "sessions": ("session", "Session"), "tickets": ("ticket", "Ticket or issue"),
}  # fmt: skip
_COUNTS: dict[View, str] = {
    "runs": "runs", "sessions": "sessions", "tickets": "tickets", "tasks": "operations", "calls": "events",
}  # fmt: skip

_OF_PRESENCE = {"without": "no", "having": "with"}


def _list(asked: PageAsked) -> Iterator[Content]:
    filters = _filters(asked)
    found = counted(asked.engine, asked.window, asked.conditions)
    view = _view(filters, found)
    tabs = [
        (name, getattr(found, _COUNTS[of]), asked.here(view=of, order=None), of == view) for of, name in VIEWS.items()
    ]
    chips = [
        (*_words(name, value), asked.here(**{name: _without(filters, name, value)}))
        for name, values in filters.own_filters().items()
        for value in values
    ]
    orders = get_args(Order) if view == "calls" else get_args(WorkOrder) if view in _KINDS else ()
    yield Own(
        template="runs/tabs.html",
        values={
            "tabs": tabs, "chips": chips, "view": view, "order": filters.order, "is_later": filters.after is not None,
            "first": asked.here(after=None), "orders": [(order, asked.here(order=order)) for order in orders],
            "failed_only": "failed" in filters.outcome,
            "failed": asked.here(outcome=None if "failed" in filters.outcome else "failed"),
        },
    )  # fmt: skip
    if not found.events and not filters.own_filters() and not asked.filters.conditions():
        yield Empty(text="No events in this range.", command="agentgauge demo --serve")
        return
    yield msgspec.structs.replace(_table(asked, filters, view), is_page=True)
    if view in _KINDS and asked.conditions:
        yield Note("Figures are of the events that meet the filters, not of all that belongs to each.")
    if (expired := missing_before(asked.engine, asked.window)) is not None:
        yield Note(f"Events before {expired:%Y-%m-%d %H:%M} UTC have expired and are in no list.")


def _filters(asked: PageAsked) -> RunsFilters:
    assert isinstance(asked.filters, RunsFilters)
    return asked.filters


def _words(name: str, value: str) -> tuple[str, str]:
    """What a filter is of, and its value; what is or is not there reads by itself."""
    value = value.replace("_", " ") if name in _OF_PRESENCE else value
    return ("", f"{_OF_PRESENCE[name]} {value}") if name in _OF_PRESENCE else (name.replace("_", " "), value)


def _without(filters: RunsFilters, name: str, value: str) -> list[str] | None:
    values = getattr(filters, name)
    return [one for one in values if one != value] if isinstance(values, tuple) else None


def _view(filters: RunsFilters, found: Counted) -> View:
    if filters.view is not None:
        return filters.view
    if filters.is_of_calls():
        return "calls"
    if filters.is_of_tasks():
        return "tasks"
    return next((view for view, count in _COUNTS.items() if getattr(found, count)), "runs")


def _table(asked: PageAsked, filters: RunsFilters, view: View) -> Table:
    limit = MOST_ROWS if filters.csv is not None else DEFAULT_LIMIT
    question = (view, filters.here("", after=None, csv=None, svg=None))
    page = ListPage.asked(filters.after, limit, asked.now, *question)
    window = filters.window(page.as_of)
    if view == "tasks":
        return _tasks(asked, page, window)
    if view == "calls":
        return _events(asked, filters, page, window)
    kind, title = _KINDS[view]
    until = up_to_first_page(window, page)
    order: WorkOrder = "dearest" if filters.order == "dearest" else "newest"
    after = work_key(page.after, order)
    rows, following = page.cut(
        list_work(asked.engine, kind, until, asked.conditions, limit=limit + 1, order=order, after=after),
        lambda work: written_work_key(work.key(order)),
    )
    now_in = states(asked.engine, rows, asked.now, look_at_writers(asked.runtime.meter.settings.home))
    return works_table(asked, rows, now_in, title, _more(asked, following), order=order)


def _tasks(asked: PageAsked, page: ListPage, window: Window) -> Table:
    rows, following = page.cut(
        list_operations(asked.engine, window, asked.conditions, limit=page.limit + 1, after=row_key(page.after)),
        lambda task: written_row_key(task.key),
    )
    return tasks_table(asked, rows, _more(asked, following))


def _events(asked: PageAsked, filters: RunsFilters, page: ListPage, window: Window) -> Table:
    order, limit = filters.order, page.limit + 1
    key: Callable[[Any], Key]
    if order == "newest":
        found = course(
            asked.engine, window, asked.conditions, limit=limit, newest_first=True, after=row_key(page.after)
        )
        key = lambda step: written_row_key(step.key)  # noqa: E731 - one of two
    else:
        rank = order
        until = up_to_first_page(window, page)
        found = ranked(asked.engine, until, asked.conditions, rank, limit=limit, after=_rank(page.after))
        key = lambda step: _written_rank(rank_key(rank, step))  # noqa: E731
    rows, following = page.cut(found, key)
    caption = {"newest": "the newest first", "dearest": "the dearest first", "slowest": "the slowest first"}[order]
    return events_table(asked, rows, f"Events, {caption}", _more(asked, following))


def _more(asked: PageAsked, following: str | None) -> str | None:
    return None if following is None else asked.here(after=following)


def _written_rank(key: RankKey) -> Key:
    figure, segment, n = key
    return f"{figure:f}" if isinstance(figure, Decimal) else figure, segment, n


def _rank(key: Key | None) -> RankKey | None:
    match key:
        case None:
            return None
        case (str(figure), str(segment), int(n)):
            return dollars(figure), segment, n
        case (int(figure) | float(figure), str(segment), int(n)):
            return float(figure), segment, n
        case _:
            raise QueryError("this is no place in this list: begin with its first page", field="after")


RUNS = Page(
    path="/runs",
    title="Runs",
    in_menu="Runs",
    parameters=RunsFilters,
    cards=(Card(id="work", title="What was done", build=_list),),
    keeps_for=STATES_CHANGE_AFTER,
)

__all__ = ["RUNS"]

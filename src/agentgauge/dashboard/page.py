"""A page: its address, its parameters and its cards; and how a request for one is answered.

    GET /costs?range=7d                    the page
    GET /costs?range=7d&csv=by-model       the table of one of its cards
    GET /costs?range=7d&svg=by-model       the chart of one of its cards, as a picture for who runs no script

A page is made on a thread and kept as a whole, by the version of the data and of the state that it depends on. One with
a card that failed is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec
from fastapi import Request, Response
from starlette.exceptions import HTTPException

from agentgauge.api.answering import Asked, answered
from agentgauge.charts.building import ChartsUnavailable
from agentgauge.dashboard import rendering
from agentgauge.dashboard.acts import Act
from agentgauge.dashboard.card import Card, LastGood, Shown, contents_of, meanwhile, shown
from agentgauge.dashboard.content import Content, Drawn, table_of
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.unfinished import in_time, patience
from agentgauge.engines import Engine, Filter
from agentgauge.errors import NotFound
from agentgauge.service.asked_once import AskedOnce
from agentgauge.service.cache import KEPT_SECONDS, question_key
from agentgauge.service.filter_choices import first_event
from agentgauge.service.runtime import Runtime
from agentgauge.service.security.principal import Principal
from agentgauge.service.window import Window

_cards_at_once = ThreadPoolExecutor(4, thread_name_prefix="agentgauge-cards")
"""Of all pages that a process makes: questions wait for the engine, which computes outside of Python."""
T = TypeVar("T")
_NAMED = re.compile(r"{(\w+)(?::path)?}")


class PageAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What the cards of a page are made with."""

    path: str
    """The page's own address, without what a proxy puts before it."""
    at: Mapping[str, str]
    """What the address itself names: `{"agent": "coder"}` at `/agents/coder`."""
    filters: PageFilters
    window: Window
    previous: Window | None
    first: datetime | None
    """When the first event was that there is."""
    engine: Engine
    """Sees the projects of the principal only."""
    as_of: datetime
    now: datetime
    runtime: Runtime
    principal: Principal
    root: str
    """What a proxy puts before all addresses."""
    shared: dict[str, Future[Any]] = msgspec.field(default_factory=dict)
    """What cards of the page have found, for the others."""

    def once(self, key: str, find: Callable[[], T]) -> T:
        """What several cards of the page need, found by the first of them, for which those at once with it wait."""
        own: Future[T] = Future()
        found: Future[T] = self.shared.setdefault(key, own)
        if found is own:
            try:
                own.set_result(find())
            except BaseException as error:
                own.set_exception(error)
                raise
        return found.result()

    @property
    def may_act(self) -> bool:
        """Whether who looks may do what the page offers (`dashboard.acts`)."""
        return self.principal.may_administer

    @property
    def conditions(self) -> tuple[Filter, ...]:
        """What the filters ask of events."""
        return self.filters.conditions()

    def link(self, path: str, **changes: Any) -> str:
        """The address of a page, with the filters."""
        return self.root + self.filters.link(path, **changes)

    def here(self, **changes: Any) -> str:
        """The address of this page, changed."""
        return self.root + self.filters.here(self.path, **changes)

    def order(self, card: str) -> str | None:
        """The column that the table of a card is to be sorted by."""
        of, _, column = (self.filters.sort or "").partition(":")
        return column if of == card else None


def path_of(route: str, names: Mapping[str, str]) -> str:
    """The address of a page that is called `/agents/{agent}` or `/runs/{run:path}`, of these names: whatever they hold,
    slashes and percent signs too, it is one part of the address.
    """
    return _NAMED.sub(lambda found: quote(names[found[1]], safe=""), route)


def _nothing(asked: PageAsked) -> None:
    pass


class Page(msgspec.Struct, frozen=True, kw_only=True):
    path: str
    """As FastAPI writes it: `/agents/{agent}`, `/runs/{run:path}` where names hold slashes."""
    title: str
    """May name what the address does: `Agent {agent}`."""
    cards: tuple[Card, ...]
    in_menu: str | None = None
    """What the menu calls it; None: it is reached from others."""
    of_menu: str = ""
    """The page of the menu that it belongs to, by its path."""
    parameters: type[PageFilters] = PageFilters
    filtered: bool = True
    """Whether it has the bar of filters."""
    topics: tuple[str, ...] = ()
    """Of state, that it depends on (`state.changes`)."""
    keeps_for: timedelta | None = None
    """How long it is kept though nothing is recorded: of what changes without, and in no topic; None: for as long."""
    check: Callable[[PageAsked], None] = _nothing
    """Raises `NotFound` for what there is not."""
    acts: tuple[Act, ...] = ()
    """What its forms do."""
    needs_admin: bool = False


class _Failed(Exception):
    """The page is whole but for a card, and is not to be kept."""

    def __init__(self, body: bytes) -> None:
        super().__init__("a card failed")
        self.body = body


async def answer(
    page: Page,
    request: Request,
    runtime: Runtime,
    principal: Principal,
    filters: PageFilters,
    names: dict[str, str],
    *,
    whole: bool = False,
) -> Response:
    """The page, a table or a picture of it. A page that takes long may be unfinished (`dashboard.unfinished`), unless
    it is asked for `whole`.
    """
    root = request.scope.get("root_path", "")
    path = path_of(page.path, names)
    scopes = tuple(sorted(principal.scopes))
    seconds = None if whole or filters.csv or filters.svg else patience(request)
    sketch: Future[bytes] = Future()
    last_good = _last_good_of(request)

    def asked_of(asked: Asked) -> PageAsked:
        engine = AskedOnce(asked.engine)
        first = first_event(engine)
        return PageAsked(
            path=path, at=names, filters=filters, window=filters.recorded(asked.now, first),
            previous=filters.previous(asked.now), first=first,
            engine=engine, as_of=asked.as_of, now=asked.now,
            runtime=runtime, principal=principal, root=root,
        )  # fmt: skip

    def compute(asked: Asked) -> bytes:
        of = asked_of(asked)
        page.check(of)
        if filters.csv is not None:
            return _csv(page, of, filters.csv)
        if filters.svg is not None:
            return _svg(page, of, filters.svg)
        generation = runtime.cache.generation()  # what is forgotten is no last good content either
        key = question_key(
            page.path, principal.projects, (path, root, filters.here(path), scopes, principal.name, generation)
        )
        of_page = _cards(page, of)
        if seconds is not None and not sketch.done():  # it is, where files went away and the page is asked for again
            oldest = of.now - timedelta(seconds=KEPT_SECONDS)
            sketch.set_result(rendering.sketch(page, of, [meanwhile(card, last_good, key, oldest) for card in of_page]))
        cards = _shown(of_page, of, last_good, key)
        body = rendering.page(page, of, cards)
        if any(card.failure is not None for card in cards):
            raise _Failed(body)
        return body

    kind = "text/csv" if filters.csv else "image/svg+xml" if filters.svg else "text/html"
    kept = 0 if page.keeps_for is None else runtime.now().timestamp() // page.keeps_for.total_seconds()
    parameters = (path, root, filters.here(path, csv=filters.csv, svg=filters.svg), scopes, principal.name, kept)
    asking = answered(
        request, runtime, principal, f"page {page.path}", parameters, compute, topics=page.topics, media_type=kind
    )
    try:
        response = await (asking if seconds is None else in_time(asking, sketch, seconds))
    except _Failed as failed:
        return Response(failed.body, media_type=kind, headers={"Cache-Control": "no-store"})
    if filters.csv:
        response.headers["Content-Disposition"] = f'attachment; filename="{filters.csv}.csv"'
    return response


def _last_good_of(request: Request) -> LastGood:
    """The application's own: another one in this process may be of another home."""
    state = request.app.state
    if not hasattr(state, "last_good"):
        state.last_good = LastGood()
    found: LastGood = state.last_good
    return found


def _shown(cards: Sequence[Card], asked: PageAsked, last_good: LastGood, key: str) -> list[Shown]:
    """Cards with what their questions were answered, some at once. Raises only after all are done: what they read may
    be given up then.
    """
    made = [
        _cards_at_once.submit(
            copy_context().run,
            shown,
            card,
            asked,
            last_good,
            key,
            lambda one: rendering.card(one, asked),
        )
        for card in cards
    ]
    wait(made)
    return [one.result() for one in made]


def _cards(page: Page, asked: PageAsked) -> tuple[Card, ...]:
    """Those that there are for who asks."""
    sees_all = asked.principal.projects is None
    return tuple(
        card for card in page.cards if (asked.may_act or not card.needs_admin) and (sees_all or not card.of_server)
    )


def _csv(page: Page, asked: PageAsked, id_: str) -> bytes:
    table = table_of(_contents(page, asked, id_, "csv"))
    if table is None:
        raise NotFound(f"card {id_!r} has no table", field="csv")
    return table.sorted(asked.order(id_)).csv().encode()


def _svg(page: Page, asked: PageAsked, id_: str) -> bytes:
    for content in _contents(page, asked, id_, "svg"):
        if isinstance(content, Drawn):
            try:
                return rendering.static_chart(content.chart)
            except ChartsUnavailable as error:
                raise HTTPException(503, str(error)) from None
    raise NotFound(f"card {id_!r} has no chart", field="svg")


def _contents(page: Page, asked: PageAsked, id_: str, parameter: str) -> tuple[Content, ...]:
    """Of a card that is asked for alone: its errors are those of the request."""
    for card in _cards(page, asked):
        if card.id == id_:
            return contents_of(card, asked)
    raise NotFound(f"no card {id_!r} on this page", field=parameter)

"""`/system`: whether data is fresh and whole, and how the server does. What is of the whole server is for who sees all
projects; paths, keys and the audit for administrators.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from agentgauge.dashboard.card import Card
from agentgauge.dashboard.content import Content, Empty, Note, Sentence, Tile, Tiles
from agentgauge.dashboard.filters import PageFilters
from agentgauge.dashboard.page import Page, PageAsked
from agentgauge.dashboard.pages.system_acts import CREATE_KEY, EMPTY_CACHE, REVOKE_KEY, RUN_JOB
from agentgauge.dashboard.pages.system_keys import audit, keys
from agentgauge.dashboard.pages.system_server import cache, diagnosis, jobs, server, storage
from agentgauge.dashboard.pages.work_links import unpriced_link
from agentgauge.dashboard.table import Column, Row, Table
from agentgauge.service import short_wording
from agentgauge.service.freshness import freshness
from agentgauge.service.loss_wording import Fate, advice_for, fate_of, reason_words, sentence
from agentgauge.service.unpriced_calls import unpriced_calls
from agentgauge.service.window import Window
from agentgauge.service.wording import count_of

_MILLISECOND = timedelta(milliseconds=1)
_TONES: dict[Fate, Literal["warn", "bad"]] = {"lost": "bad", "refused": "warn", "altered": "warn"}


class SystemFilters(PageFilters):
    before: Annotated[int | None, Field(ge=1, lt=2**53)] = None
    """Acts of the audit log older than the one of this number: where the page before ended."""


def _lost(asked: PageAsked) -> Iterator[Content]:
    if asked.principal.projects is not None:
        yield Note("What was lost is of the whole server: it is shown to who sees all projects.")
        return
    losses = diagnosis(asked).losses
    yield Sentence(text=sentence(losses), tone="bad" if any(fate_of(loss) == "lost" for loss in losses) else "good")
    if not losses:
        return
    columns = [
        Column(key="reason", title="Reason", kind="name"),
        Column(key="fate", title="What became of it", kind="status"),
        Column(key="events", title="Events", kind="count"),
        Column(key="first", title="First", kind="time", narrow=False),
        Column(key="last", title="Last", kind="time"),
        Column(key="advice", title="What to do", sorts=False, wraps=True),
    ]
    if asked.may_act:
        columns.append(Column(key="where", title="The newest", sorts=False, narrow=False, wraps=True))
    rows = tuple(
        Row(
            values={
                "reason": reason_words(loss), "fate": fate_of(loss), "events": loss.count, "first": loss.first,
                "last": loss.last, "advice": advice_for(loss),
                "where": f"{loss.detail}{' ' if loss.detail else ''}({loss.file}, byte {loss.byte})",
            },
            tones={"fate": _TONES[fate_of(loss)]},
        )
        for loss in losses
    )  # fmt: skip
    yield Table(columns=tuple(columns), rows=rows, caption="What was lost, refused or altered, by reason")


def _fresh(asked: PageAsked) -> Content:
    found = freshness(asked.engine, asked.now)
    if found.newest is None:
        return Empty(text="Nothing was recorded yet. This command brings in what there is:", command=_SEND)
    age = short_wording.duration(max((asked.now - found.newest) / _MILLISECOND, 0))
    arrived = (
        "-" if found.arrived is None else short_wording.duration(max((asked.now - found.arrived) / _MILLISECOND, 0))
    )
    longest = short_wording.duration(found.longest_lag_ms)
    tiles = [
        Tile(title="Newest event", figure=age, note=f"ago; the last came in {arrived} ago"),
        Tile(
            title="Ingest lag",
            figure=short_wording.duration(found.lag_ms),
            note=f"median of the newest {found.looked_at}; {longest} at most",
        ),
        Tile(
            title="Events in 24 hours",
            figure=short_wording.large_count(found.last_day),
            note=f"{short_wording.count(found.last_hour)} in the last hour",
            link=asked.link("/runs", view="calls", range="24h"),
        ),
    ]
    if asked.principal.projects is None:
        waiting = diagnosis(asked).tail_events
        tiles.append(
            Tile(title="In the journal", figure=short_wording.large_count(waiting), note="not in the lake yet")
        )
    return Tiles(tuple(tiles))


_SEND = "agentgauge import claude-code ~/.claude/projects"


def _attention(asked: PageAsked) -> Iterator[Content]:
    problems = diagnosis(asked).problems
    if not problems:
        yield Sentence(text="Nothing needs attention.", tone="good")
    for problem in problems:
        yield Sentence(text=f"{problem[:1].upper()}{problem[1:]}", tone="warn")


def _unpriced(asked: PageAsked) -> Iterator[Content]:
    found = unpriced_calls(asked.engine, Window(None, None)).rows
    columns = (
        Column(key="model", title="Model", kind="name"),
        Column(key="provider", title="Billed by"),
        Column(key="calls", title="Calls", kind="count"),
        Column(key="tokens", title="Tokens", kind="tokens"),
        Column(key="first", title="First", kind="time", narrow=False),
        Column(key="last", title="Last", kind="time"),
    )
    rows = tuple(
        Row(
            values={
                "model": one.model or "none named", "provider": one.provider, "calls": one.calls,
                "tokens": one.tokens, "first": one.first, "last": one.last,
            },
            links=dict.fromkeys(("model", "calls", "tokens"), unpriced_link(asked, one, range="all")),
        )
        for one in found
    )  # fmt: skip
    yield Table(columns=columns, rows=rows, caption="Models without a price", empty="Every call has a price.")
    if found:
        calls = count_of(sum(one.calls for one in found), "call")
        yield Note(f"{calls} in no sum of money. A price in prices.toml holds from then on; 'agentgauge reprice' mends "
                   "what has landed.")  # fmt: skip


SYSTEM = Page(
    path="/system",
    title="System",
    in_menu="System",
    parameters=SystemFilters,
    filtered=False,
    cards=(
        Card(id="lost", title="What was lost", build=_lost, low=True),
        Card(id="fresh", title="How fresh it is", build=_fresh, width="bare"),
        Card(id="attention", title="What needs attention", build=_attention, low=True, needs_admin=True),
        Card(id="unpriced", title="Calls without a price", build=_unpriced, low=True, width="two-thirds"),
        Card(id="server", title="Server", build=server, width="third", of_server=True),
        Card(id="storage", title="Journal and lake", build=storage, width="two-thirds", of_server=True),
        Card(id="cache", title="Cache", build=cache, width="third", of_server=True, note="of answers"),
        Card(id="jobs", title="Jobs", build=jobs, of_server=True, note="what the server does by itself"),
        Card(id="keys", title="Keys", build=keys, needs_admin=True),
        Card(id="audit", title="Audit", build=audit, needs_admin=True, note="who did what, the newest first"),
    ),
    topics=("jobs", "keys", "alerts", "alert_rules", "budgets", "recommendations"),
    keeps_for=timedelta(seconds=10),
    acts=(RUN_JOB, EMPTY_CACHE, CREATE_KEY, REVOKE_KEY),
)

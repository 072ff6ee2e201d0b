"""Cards: a question, and what is shown of its answer. One that fails says so in its own place.

The last good content of a card that fails is shown instead, with its date, where this process has made one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Literal

import duckdb
import msgspec
from cachetools import LRUCache

from agentgauge.dashboard.content import Content
from agentgauge.errors import AgentGaugeError

if TYPE_CHECKING:
    from agentgauge.dashboard.page import PageAsked

_log = logging.getLogger("agentgauge.dashboard")
_KEPT = 200
"""Last good contents that a process keeps: some kilobytes each."""

Build = Callable[["PageAsked"], Content | Iterable[Content]]
Width = Literal["third", "half", "two-thirds", "full", "bare"]
"""Of the page; `bare` is the page's width without a frame."""


class Card(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    title: str
    build: Build
    width: Width = "full"
    note: str = ""
    """A few words beside the title."""
    optional: bool = False
    """Whether it is left out where there is nothing to show: a run without pipelines."""
    needs_admin: bool = False
    """Whether it is there for who may do what pages offer, and for nobody else."""
    of_server: bool = False
    """Whether it is of the whole server: it is there for who sees all projects."""


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A card with its content."""

    card: Card
    contents: tuple[Content, ...]
    failure: str | None = None
    """What went wrong, where something did."""
    as_of: datetime | None = None
    """Of what is shown instead."""
    html: str = ""
    """As the page has it: escaped."""


class LastGood:
    """The last good contents of cards, for all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[str, tuple[tuple[Content, ...], datetime]] = LRUCache(_KEPT)

    def keep(self, key: str, contents: tuple[Content, ...], now: datetime) -> None:
        with self._lock:
            self._kept[key] = contents, now

    def of(self, key: str) -> tuple[tuple[Content, ...], datetime] | None:
        with self._lock:
            return self._kept.get(key)


def shown(card: Card, asked: PageAsked, last: LastGood, key: str, draw: Callable[[Shown], str]) -> Shown:
    """A card with what its question was answered, drawn by `draw`. Raises only `duckdb.IOException`, after which the
    whole page is asked again of newer data.
    """
    try:
        contents = contents_of(card, asked)
        found = _drawn(Shown(card=card, contents=contents), draw)
    except duckdb.IOException:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the other cards are shown
        _log.error("card %s of %s failed", card.id, asked.path, exc_info=True)
        said = (
            str(error) if isinstance(error, AgentGaugeError) else "A fault of the server: its log says what happened."
        )
        kept, as_of = last.of(key) or ((), None)
        return _drawn(Shown(card=card, contents=kept, failure=said, as_of=as_of), draw)
    last.keep(key, contents, asked.now)
    return found


def contents_of(card: Card, asked: PageAsked) -> tuple[Content, ...]:
    """What its question was answered. Raises what answering does."""
    built = card.build(asked)
    return tuple(built) if isinstance(built, Iterable) else (built,)


def _drawn(shown: Shown, draw: Callable[[Shown], str]) -> Shown:
    return msgspec.structs.replace(shown, html=draw(shown))

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
_KEPT_BYTES = 8 << 20
"""Of last good cards, that a process keeps."""

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
    low: bool = False
    """Whether it is a sentence or two, and not a table or a chart: so high it is while it waits."""
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
    """Of what is shown instead, or meanwhile."""
    html: str = ""
    """As the page has it: escaped."""


class LastGood:
    """Cards as they were last when nothing failed, for all threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: LRUCache[tuple[str, str], Shown] = LRUCache(_KEPT_BYTES, getsizeof=_size)

    def keep(self, page: str, good: Shown) -> None:
        with self._lock:
            if _size(good) <= self._kept.maxsize:
                self._kept[page, good.card.id] = good

    def of(self, page: str, card: Card) -> Shown | None:
        """With `as_of`. `page` names the page and all that it was asked with, but the data."""
        with self._lock:
            return self._kept.get((page, card.id))


def _size(good: Shown) -> int:
    """About: what a card holds is as large as its words."""
    return 2 * len(good.html)


def meanwhile(card: Card, last: LastGood, page: str, oldest: datetime) -> Shown:
    """A card as it was, where it was so at `oldest` or since, else without content."""
    good = last.of(page, card)
    if good is None or good.as_of is None or good.as_of < oldest:
        return Shown(card=card, contents=())
    return good


def shown(card: Card, asked: PageAsked, last: LastGood, page: str, draw: Callable[[Shown], str]) -> Shown:
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
        good = last.of(page, card) or Shown(card=card, contents=())
        return _drawn(Shown(card=card, contents=good.contents, failure=said, as_of=good.as_of), draw)
    last.keep(page, msgspec.structs.replace(found, as_of=asked.now))
    return found


def contents_of(card: Card, asked: PageAsked) -> tuple[Content, ...]:
    """What its question was answered. Raises what answering does."""
    built = card.build(asked)
    return tuple(built) if isinstance(built, Iterable) else (built,)


def _drawn(shown: Shown, draw: Callable[[Shown], str]) -> Shown:
    return msgspec.structs.replace(shown, html=draw(shown))

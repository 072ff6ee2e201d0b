"""A price asked for at once, for one call, outside the lake."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from datetime import datetime

from agentgauge.events.event import Usage
from agentgauge.pricing.book import Cost, PriceBook
from agentgauge.pricing.overrides import Overrides, user_file
from agentgauge.settings import get_settings

_BOOKS_KEPT = 16
_books: dict[str, PriceBook] = {}
"""By the content of their mapping, or their file's path: a book finds each price once, so a book is made once."""


def price(
    model: str,
    usage: Usage,
    *,
    provider: str | None = None,
    at: datetime | None = None,
    tier: str = "standard",
    pricing: PriceBook | Overrides | None = None,
) -> Cost | None:
    """What a call cost at its time: see `PriceBook.price`.

    `pricing` stands in the place of the user's file (see `user_file`), by which the lake prices: a mapping such as
    `agentgauge.runs.PRICING`, another TOML file, or a `PriceBook`, which is the quickest. A file is read at the first
    price of the process that asks for it. Raises `PriceBookError` where overrides cannot be used.
    """
    if pricing is None:
        book = _users_book()
    elif isinstance(pricing, PriceBook):
        book = pricing
    else:
        book = _book_with(pricing)
    return book.price(model, usage, provider=provider, at=at, tier=tier)


@functools.cache
def _users_book() -> PriceBook:
    return PriceBook.load(user_file(get_settings()))


def _book_with(overrides: Overrides) -> PriceBook:
    content = repr(dict(overrides)) if isinstance(overrides, Mapping) else os.fspath(overrides)
    book = _books.get(content)
    if book is None:
        book = PriceBook.load(overrides)
        if len(_books) >= _BOOKS_KEPT:
            _books.clear()
        _books[content] = book
    return book

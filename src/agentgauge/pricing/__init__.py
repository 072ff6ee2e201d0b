"""What a model call costs, at the price of its own day.

`price` answers for one call, a `PriceBook` with the user's overrides for many; `PriceBook.windows`, `COMPONENTS` and
`cost_sql` let a database price in bulk, to the same last digit. Unknown prices are None.
"""

from __future__ import annotations

import functools
from datetime import datetime

from agentgauge.events.event import Usage
from agentgauge.pricing.book import Cost, PriceBook
from agentgauge.pricing.listing import PriceRow
from agentgauge.pricing.rates import COMPONENTS, Component, Rates, RateWindow
from agentgauge.pricing.sql import cost_sql

__all__ = [
    "COMPONENTS",
    "Component",
    "Cost",
    "PriceBook",
    "PriceRow",
    "RateWindow",
    "Rates",
    "Usage",
    "cost_sql",
    "price",
]


def price(
    model: str, usage: Usage, *, provider: str | None = None, at: datetime | None = None, tier: str = "standard"
) -> Cost | None:
    """What a call cost at its time, without overrides: see `PriceBook.price`."""
    return _book().price(model, usage, provider=provider, at=at, tier=tier)


@functools.cache
def _book() -> PriceBook:
    return PriceBook.load()

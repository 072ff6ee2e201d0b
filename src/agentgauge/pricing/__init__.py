"""What a model call costs, at the price of its own day.

`price` answers for one call, a `PriceBook` for many; `PriceBook.windows`, `COMPONENTS` and
`cost_sql` let a database price in bulk, to the same last digit. Unknown prices are None.
"""

from __future__ import annotations

from agentgauge.events.event import Usage
from agentgauge.pricing.at_once import price
from agentgauge.pricing.book import Cost, PriceBook
from agentgauge.pricing.listing import PriceRow
from agentgauge.pricing.overrides import Overrides, user_file
from agentgauge.pricing.rates import COMPONENTS, Component, Rates, RateWindow
from agentgauge.pricing.sql import cost_sql

__all__ = [
    "COMPONENTS",
    "Component",
    "Cost",
    "Overrides",
    "PriceBook",
    "PriceRow",
    "RateWindow",
    "Rates",
    "Usage",
    "cost_sql",
    "price",
    "user_file",
]

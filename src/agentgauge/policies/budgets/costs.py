"""What a recorded event costs, as a count of the events will say: what was reported, else by the prices of the home.

The list of prices is read when the first guard of a process is entered: a sixth of a second, and the modules of
genai-prices, pydantic among them. A price after that is some microseconds.
"""

from __future__ import annotations

import functools
from pathlib import Path

from agentgauge.errors import EventRefused
from agentgauge.events import Event, Usage, kinds
from agentgauge.interruption import is_interruption
from agentgauge.journal.losses import warn
from agentgauge.policies.budgets.amounts import exactly, pico_of
from agentgauge.pricing import PriceBook, user_file
from agentgauge.recorder.sink import Sink
from agentgauge.settings import Settings

CHARGED_KINDS = frozenset(kinds.USAGE_KINDS)
_PRICED_KINDS = frozenset(
    kind.name for kind in kinds.KINDS if kind.carries_usage and any(field.name == "model" for field in kind.fields)
)
_ANY_MODEL = "gpt-4o"


class Costs:
    def __init__(self, settings: Settings | None, sink: Sink) -> None:
        self._settings = settings
        self._sink = sink
        self._book: PriceBook | None = None

    def load(self) -> None:
        """Read the prices, where they have changed. Where they cannot be used there are none, which is counted."""
        try:
            path = None if self._settings is None else user_file(self._settings)
            self._book = _book(path, 0 if path is None else path.stat().st_mtime_ns)
        except Exception as error:  # a file of the user's, or modules of others: the program goes on without prices
            if is_interruption(error):
                raise
            self._book = None
            self._sink.count("altered", "prices unusable", str(error))

    def of(self, event: Event) -> int | None:
        """Picodollars; None where nobody knows."""
        if event.cost_usd is not None:
            return pico_of(event.cost_usd)
        if event.kind not in _PRICED_KINDS:
            return None if event.cost_source == "unpriced" else 0
        book, model = self._book, event.model
        if book is None or model is None:
            return None
        try:
            cost = book.price(model, event.usage, provider=event.provider, at=event.time, tier=event.tier or "standard")
        except EventRefused:  # what cannot be was refused when it was recorded
            return None
        return None if cost is None else pico_of(cost.usd)


@functools.lru_cache(maxsize=8)
def _book(path: Path | None, changed: int) -> PriceBook:
    def loaded() -> PriceBook:
        book = PriceBook.load(path)
        book.price(_ANY_MODEL, Usage())
        return book

    return exactly(loaded)


@functools.lru_cache(maxsize=1000)
def warn_unpriced(model: str | None) -> None:
    """Once per model: what it costs is in no budget."""
    warn(
        "no price is known for %s: a budget charges a call of it what was reserved for it, and without a reservation "
        "nothing; give its price in prices.toml, or report cost_usd",
        model,
    )

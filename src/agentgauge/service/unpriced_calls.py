"""Calls whose cost is not known, by model: how many, since when, and what would price them.

They are in no sum of money. A price in `prices.toml` holds for calls that land from then on; `agentgauge reprice` gives
it to those that have landed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from agentgauge.engines import Engine, Filter, Measure, Query
from agentgauge.service.reports.rows import Rows, found_by
from agentgauge.service.window import Window


class Unpriced(msgspec.Struct, frozen=True, kw_only=True):
    model: str | None
    """None of calls that named none."""
    provider: str | None
    calls: int
    tokens: int
    first: datetime
    last: datetime

    @property
    def row(self) -> str | None:
        """What `prices.toml` would say, but for the amounts; None where there is no model to price."""
        if self.model is None:
            return None
        lines = [
            "[[price]]",
            f"model = {_quoted(self.model)}",
            "input = 0.00   # USD per million tokens",
            "output = 0.00",
        ]
        return "\n".join(lines)

    @property
    def command(self) -> str:
        """What prices those that have landed, once there is a price."""
        return f"agentgauge reprice --since {self.first:%Y-%m-%d}"


def unpriced_calls(engine: Engine, window: Window, filters: Sequence[Filter] = ()) -> Rows[Unpriced]:
    """One row per model and provider, the most calls first. Reads the events themselves."""
    query = Query(
        start=window.start,
        end=window.end,
        filters=(Filter("kind", "=", "llm_call"), Filter("cost_usd", "is null"), *filters),
        group=("model", "provider"),
        measures=(
            Measure("count", name="calls"),
            Measure("tokens", name="tokens"),
            Measure("min", "time", name="first"),
            Measure("max", "time", name="last"),
        ),
        order=("-calls",),
    )
    answer = engine.aggregate(query)
    rows = (Unpriced(**{**row, "tokens": row["tokens"] or 0}) for row in answer.records())
    return Rows(rows=tuple(rows), **found_by(answer))


def _quoted(text: str) -> str:
    """As TOML writes a string, which JSON does alike."""
    return msgspec.json.encode(text).decode()

"""Whole events, read back through an engine."""

from __future__ import annotations

from collections.abc import Iterator

from agentgauge.engines.answer import Engine
from agentgauge.engines.query import Query
from agentgauge.events import Event, fields

_COLUMNS = ("segment", "n", *(field.name for field in fields.ALL))


def read_events(engine: Engine, query: Query, limit: int | None = None) -> Iterator[Event]:
    """The events in a query's window that pass its filters, in order of time, each with its identity.

    Their costs are those of the lake: what was not reported is computed, with `cost_source` and `price_version`.
    """
    for row in engine.scan(query, _COLUMNS, limit):
        yield Event(**dict(zip(_COLUMNS, row, strict=True)))

"""An engine that sees some projects only: of events of other projects it knows nothing, whatever it is asked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

import msgspec

from agentgauge.engines import Answer, Engine, Filter, Query


class OfProjects:
    """Implements `agentgauge.engines.answer.Engine` by another."""

    def __init__(self, engine: Engine, projects: Collection[str]) -> None:
        self._engine = engine
        some = tuple(sorted(projects))
        self._own = Filter("project", "=", some[0]) if len(some) == 1 else Filter("project", "in", some)

    def aggregate(self, query: Query) -> Answer:
        return self._engine.aggregate(self._within(query))

    def scan(self, query: Query, columns: Sequence[str], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        return self._engine.scan(self._within(query), columns, limit)

    def lacks(self, deletion: str) -> bool:
        return self._engine.lacks(deletion)

    def _within(self, query: Query) -> Query:
        return msgspec.structs.replace(query, filters=(self._own, *query.filters))

"""An engine that remembers how its answers were found, for reports that ask several questions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from agentgauge.engines import Answer, Engine, Query
from agentgauge.engines.answer import Way


class Asked:
    """Implements `agentgauge.engines.answer.Engine` by another."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._ways: set[Way] = set()

    def aggregate(self, query: Query) -> Answer:
        answer = self._engine.aggregate(query)
        self._ways.add(answer.way)
        return answer

    def scan(self, query: Query, columns: Sequence[str], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        self._ways.add("raw")
        return self._engine.scan(query, columns, limit)

    def lacks(self, deletion: str) -> bool:
        return self._engine.lacks(deletion)

    @property
    def way(self) -> Way:
        """How everything that was asked so far was found, together."""
        if not self._ways:
            return "raw"
        return next(iter(self._ways)) if len(self._ways) == 1 else "rollups and raw"

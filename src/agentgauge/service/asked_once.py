"""An engine that is asked everything once: what several parts of one answer ask alike is computed for one of them.

It is made for one answer and thrown away with it, so that it holds nothing of older data.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from typing import Any

from agentgauge.engines import Answer, Engine, Query


class AskedOnce:
    """Implements `agentgauge.engines.answer.Engine` by another. Of threads that ask alike at once all but one wait."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._answers: dict[Query, Future[Answer]] = {}

    def aggregate(self, query: Query) -> Answer:
        with self._lock:
            found = self._answers.get(query)
            is_first = found is None
            answer = self._answers[query] = found or Future()
        if is_first:
            try:
                answer.set_result(self._engine.aggregate(query))
            except BaseException as error:
                answer.set_exception(error)
                raise
        return answer.result()

    def scan(self, query: Query, columns: Sequence[str], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        return self._engine.scan(query, columns, limit)

    def lacks(self, deletion: str) -> bool:
        return self._engine.lacks(deletion)

"""An engine that remembers how its answers were found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

from agentgauge.engines import Answer, Query
from agentgauge.engines.answer import Way
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.service.asked import Asked
from tests.engines.relation import connection_with


class Saying:
    """The embedded engine, which says of its answers that they were found in these ways, in turn."""

    def __init__(self, *ways: Way) -> None:
        self._engine = DuckDBEngine(connection_with([]))
        self._ways = iter(ways)

    def aggregate(self, query: Query) -> Answer:
        return msgspec.structs.replace(self._engine.aggregate(query), way=next(self._ways))

    def scan(self, query: Query, columns: Sequence[str], limit: int | None = None) -> Iterator[tuple[Any, ...]]:
        return self._engine.scan(query, columns, limit)


@pytest.mark.parametrize(
    ("ways", "together"),
    [
        ((), "raw"),
        (("rollups", "rollups"), "rollups"),
        (("raw", "raw"), "raw"),
        (("rollups", "raw"), "rollups and raw"),
        (("rollups and raw", "rollups"), "rollups and raw"),
    ],
)
def test_answers_found_in_several_ways_were_found_in_both(ways: tuple[Way, ...], together: Way) -> None:
    asked = Asked(Saying(*ways))
    for _ in ways:
        assert asked.aggregate(Query()).rows == ((0,),)
    assert asked.way == together


def test_a_scan_reads_the_events_themselves() -> None:
    asked = Asked(Saying("rollups"))
    asked.aggregate(Query())
    assert list(asked.scan(Query(), ("time",))) == []
    assert asked.way == "rollups and raw"

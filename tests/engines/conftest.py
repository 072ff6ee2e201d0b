"""The engines that the conformance suite runs over. An engine is added here and passes every test of this folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from agentgauge.engines import Engine
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import Event
from tests.engines.relation import connection_with


def _duckdb(events: Sequence[Event]) -> Engine:
    return DuckDBEngine(connection_with(events))


ENGINES: dict[str, Callable[[Sequence[Event]], Engine]] = {"duckdb": _duckdb}


@pytest.fixture(params=ENGINES, scope="session")
def engine_of(request: pytest.FixtureRequest) -> Callable[[Sequence[Event]], Engine]:
    """Makes an engine whose `events` are those given, with ids counted from 1."""
    return ENGINES[request.param]

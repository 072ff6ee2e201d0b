"""An engine of some projects answers as one of a home that has nothing else, from events and from rollups."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from agentgauge.engines import Engine, Filter, Measure, Query, TimeBucket
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.lake import Lake
from agentgauge.meter import Meter
from agentgauge.service.projects import OfProjects
from tests.api.security.two_projects import OURS, THEIRS, home_with

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
WHOLE_DAYS = {"start": (NOW - timedelta(days=9)).replace(hour=0), "end": NOW.replace(hour=0)}
SUMS = (Measure("count"), Measure("tokens"), Measure("cost"), Measure("successes"), Measure("sum", "duration_ms"))

QUESTIONS = [
    Query(measures=SUMS),
    Query(measures=SUMS, group=("agent",)),
    Query(measures=SUMS, group=("project", "model"), **WHOLE_DAYS),
    Query(measures=SUMS, group=(TimeBucket("day"),), **WHOLE_DAYS),
    Query(measures=SUMS, group=(TimeBucket("hour", fill=True),), **WHOLE_DAYS),
    Query(measures=(Measure("p95", "duration_ms"),), exact=False, **WHOLE_DAYS),
    Query(measures=SUMS, filters=(Filter("project", "in", (OURS, THEIRS)),)),
    Query(measures=(Measure("count"),), filters=(Filter("agent", "=", f"{THEIRS}-agent-0"),)),
    Query(measures=SUMS, group=("model",), relation="operations"),
    Query(measures=(Measure("count"), Measure("sum", "duration_ms")), group=("name",), relation="spans"),
    Query(measures=(Measure("count"), Measure("sum", "duration_ms")), relation="components"),
]


@contextmanager
def engine_of(place: Path, *projects: str, rollups: bool) -> Iterator[Engine]:
    settings = home_with(place, *projects, compacted=not rollups).recording
    meter = Meter(settings)
    if rollups:
        Lake(settings.home, meter.book, rollups_from_rows=1).compact()
    with meter.reading() as snapshot:
        yield DuckDBEngine(snapshot.connection, snapshot.rollups if rollups else None, rollups_from_rows=0)


@pytest.fixture(scope="module", params=[False, True], ids=["from events", "from rollups"])
def engines(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Engine, Engine]]:
    with ExitStack() as stack:
        homes = [
            stack.enter_context(engine_of(tmp_path_factory.mktemp("home"), *projects, rollups=request.param))
            for projects in ((OURS, THEIRS), (OURS,))
        ]
        yield OfProjects(homes[0], [OURS]), homes[1]


@pytest.mark.parametrize("query", QUESTIONS, ids=range(len(QUESTIONS)))
def test_the_events_of_others_change_no_figure(query: Query, engines: tuple[Engine, Engine]) -> None:
    of_two, of_one = engines
    said, expected = of_two.aggregate(query), of_one.aggregate(query)
    assert said.records() == expected.records()
    assert THEIRS not in str(said)


@pytest.mark.parametrize("relation", ["events", "operations", "spans", "components"])
def test_no_row_of_others_is_read(relation: str, engines: tuple[Engine, Engine]) -> None:
    query = Query(relation=relation)  # type: ignore[arg-type]
    columns = ("project", "name", "agent", "model", "cost_usd", "value", "attributes")
    said, expected = ([*engine.scan(query, columns)] for engine in engines)
    assert said
    assert sorted(map(str, said)) == sorted(map(str, expected))


def test_rollups_are_asked_where_there_are_some(tmp_path: Path) -> None:
    with engine_of(tmp_path, OURS, THEIRS, rollups=True) as engine:
        answer = OfProjects(engine, [OURS]).aggregate(QUESTIONS[2])
    assert answer.way == "rollups"
    assert {record["project"] for record in answer.records()} == {OURS}

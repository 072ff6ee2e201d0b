"""Hours as arrays are the sums that the engine answers with, from rollups and from rows, and operations are its own."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest

import agentgauge
from agentgauge.analysis.outliers import robust_baseline, robust_baseline_of
from agentgauge.engines import Filter, Measure, Query, TimeBucket
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.engines.hourly import FIGURES, hourly
from agentgauge.engines.unusual_operations import operation_spreads
from agentgauge.lake import Lake, Snapshot
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home

START = datetime(2026, 3, 1, tzinfo=UTC)
HOURS = 30
END = START + timedelta(hours=HOURS)


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    """Half of the events rolled up, half of them in the journal; calls inside calls, and calls of nobody."""
    root: Path = tmp_path_factory.mktemp("hours") / "home"
    lake = Lake(resolve_home(root), PriceBook.load(), rollups_from_rows=1)
    for half in (range(150), range(150, 300)):
        with agentgauge.open(home=root) as gauge:
            for n in half:
                record(gauge, n)
        if half.start == 0:
            lake.compact()
    with lake.snapshot() as opened:
        yield opened


def record(gauge: agentgauge.Gauge, n: int) -> None:
    at = START + timedelta(minutes=n * 5, seconds=n)
    agent, project = ("coder", "tester", None)[n % 3], ("shop", None)[n % 2]
    with gauge.scope(agent=agent, project=project, operation=("build", None)[n % 5 == 0], user=f"u{n % 4}"):
        task, tool = f"t{n if n % 50 else 0}", f"tool{n}"  # some tasks state the same span
        with gauge.scope(span_id=task):
            gauge.task("work", 100.0 + (n * 37) % 90, at=at, quality_score=float(n % 100))
        with gauge.scope(parent_id=task):
            cost = None if n % 40 == 7 else Decimal(n % 7 + 1) / 10
            gauge.llm_call(model="m" if cost else "unheard-of", input_tokens=n, output_tokens=1, cost_usd=cost, at=at)
            with gauge.scope(span_id=tool):
                gauge.tool_call("search", 5.0, at=at)
        with gauge.scope(parent_id=tool if n % 3 else "nowhere"):
            gauge.llm_call(model="m", input_tokens=3, output_tokens=4, cost_usd=Decimal("0.01"), at=at)


@pytest.mark.parametrize("by", ["agent", "operation", "user", None])
@pytest.mark.parametrize("project", ["shop", None])
def test_every_hour_has_the_sums_that_the_engine_answers_with(
    snapshot: Snapshot, by: str | None, project: str | None
) -> None:
    filters = () if project is None else (Filter("project", "=", project),)
    found = hourly(snapshot.connection, snapshot.rollups, START, END, by=by, filters=filters)
    measures = (
        Measure("count", over="tasks", name="tasks"),
        Measure("successes", over="tasks", name="successes"),
        Measure("failures", over="tasks", name="failures"),
        Measure("values", "duration_ms", over="tasks", name="durations"),
        Measure("sum", "duration_ms", over="tasks", name="duration_ms"),
        Measure("values", "quality_score", over="tasks", name="scores"),
        Measure("sum", "quality_score", over="tasks", name="quality_score"),
        Measure("count", over="llm_call", name="calls"),
        Measure("tokens", name="tokens"),
        Measure("cost", name="cost_usd"),
        Measure("count", name="events"),
    )
    group = ("project", *((by,) if by else ()), TimeBucket("hour", name="start"))
    answer = DuckDBEngine(snapshot.connection).aggregate(
        Query(start=START, end=END, filters=filters, group=group, measures=measures)
    )
    tables = {name: found.table(name) for name in FIGURES}
    for row in answer.records():
        hour = round((row["start"] - START) / timedelta(hours=1))
        at = found.keys.index((row["project"], row[by] if by else None)), hour
        for name in FIGURES:
            wanted = row["cost_usd_unpriced_calls"] if name == "unpriced" else row[name]
            assert tables[name][at] == pytest.approx(float(wanted or 0)), (name, row)
    assert tables["events"].sum() == sum(row["events"] for row in answer.records())


def test_agents_add_up_to_their_projects_and_a_table_may_begin_later(snapshot: Snapshot) -> None:
    by_agent = hourly(snapshot.connection, snapshot.rollups, START, END, by="agent").of_projects()
    together = hourly(snapshot.connection, snapshot.rollups, START, END)
    assert by_agent.keys == together.keys == (("shop", None), (None, None))
    np.testing.assert_allclose(by_agent.table("cost_usd"), together.table("cost_usd"))
    np.testing.assert_array_equal(together.table("events", 20), together.table("events")[:, 20:])


def test_of_nothing_there_are_no_hours(snapshot: Snapshot) -> None:
    later = END + timedelta(days=400)
    found = hourly(snapshot.connection, snapshot.rollups, later, later + timedelta(hours=3), by="agent")
    assert (found.keys, found.table("events").shape) == ((), (0, 3))


@pytest.mark.parametrize("project", ["shop", None])
def test_operations_are_those_of_the_relation_and_their_spreads_exact(snapshot: Snapshot, project: str | None) -> None:
    filters = () if project is None else (Filter("project", "=", project),)
    newest = START + timedelta(hours=20)
    found = operation_spreads(snapshot.connection, START, newest, END, filters=filters)
    engine = DuckDBEngine(snapshot.connection)
    columns = {"execution_time": "duration_ms", "cost": "cost_usd", "tokens": "tokens"}
    rows = list(
        engine.scan(
            Query(start=START, end=END, filters=filters, relation="operations"),
            ("time", "project", "agent", "operation", "name", *columns.values()),
        )
    )
    for metric, value in zip(columns, (5, 6, 7), strict=True):
        wanted = [
            (row[0], row[1], row[3] or row[4], row[2], row[3] is None, pytest.approx(float(row[value])))
            for row in rows
            if row[0] >= newest and row[value] is not None
        ]
        got = [
            (one.time, *one.key[1:], one.agent, one.goes_by_name, one.value)
            for one in found.newest
            if one.key[0] == metric
        ]
        assert got == wanted
        assert got
        for of, operation in {(row[1], row[3] or row[4]) for row in rows}:
            numbers = [
                float(row[value]) for row in rows
                if (row[1], row[3] or row[4]) == (of, operation) and row[value] is not None
            ]  # fmt: skip
            spread = found.spreads[metric, of, operation]
            ours = robust_baseline_of(
                spread.n, spread.zeros, spread.median, spread.mad, spread.mean_deviation, log=True
            )
            exact = robust_baseline(numbers, log=True)
            for name in ("n", "zeros", "median", "mad", "unit_score"):
                assert getattr(ours, name) == pytest.approx(getattr(exact, name), nan_ok=True), (metric, name)
    assert math.isfinite(found.newest[0].value)


def test_where_every_call_is_right_inside_its_task_its_cost_is_the_tasks(tmp_path: Path) -> None:
    with agentgauge.open(home=tmp_path) as gauge, gauge.scope(agent="coder", operation="build"):
        for n in range(9):
            with gauge.scope(span_id=f"t{n}"):
                gauge.task("work", 100.0 + n, at=START + timedelta(hours=n))
            with gauge.scope(parent_id=f"t{n}"):
                for _ in range(2):
                    gauge.llm_call(
                        model="m",
                        input_tokens=n,
                        output_tokens=1,
                        cost_usd=Decimal(n + 1),
                        at=START + timedelta(hours=n),
                    )
    with Lake(resolve_home(tmp_path), PriceBook.load()).snapshot() as snapshot:
        found = operation_spreads(snapshot.connection, START, START + timedelta(hours=7), END)
    assert [(one.key[0], one.value) for one in found.newest] == [
        ("execution_time", 107), ("cost", 16), ("tokens", 16), ("execution_time", 108), ("cost", 18), ("tokens", 18),
    ]  # fmt: skip
    assert found.spreads["cost", None, "build"].median == 10

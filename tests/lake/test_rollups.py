"""Rollups beside the events: made by the compactor, kept by expiry, reached by `forget`, whole after any crash."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from deltalake import DeltaTable

import agentgauge
from agentgauge.engines import Answer, Filter, Measure, Query, TimeBucket
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.events import Event
from agentgauge.lake import Lake
from agentgauge.lake.compactor import writer_lock
from agentgauge.lake.rollups import upkeep
from agentgauge.lake.rollups.expiry import merge_expired
from agentgauge.lake.rollups.levels import LEVELS
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home

WHEN = datetime(2026, 3, 28, 21, 40, tzinfo=UTC)
ARRIVED = datetime(2026, 4, 1, tzinfo=UTC)
STEPS = ("written rollup_sums", *(f"committed {level.name}" for level in LEVELS))
MEASURES = (
    Measure("count"),
    Measure("cost"),
    Measure("tokens"),
    Measure("success_rate"),
    Measure("sum", "duration_ms"),
)
BY_AGENT = Query(group=("agent",), measures=MEASURES)
BY_DAY = Query(group=(TimeBucket("day", "Europe/Berlin"),), measures=MEASURES)
LIKELY = Query(group=("agent",), measures=(Measure("count"), Measure("p50", "duration_ms")), exact=False)


@pytest.fixture
def lake(tmp_path: Path, book: PriceBook) -> Lake:
    """Data files of any size get rollups."""
    return Lake(resolve_home(tmp_path / "home"), book, rollups_from_rows=1)


def fill(gauge: agentgauge.Gauge, numbers: range, user: str | None = None, arrived: datetime = ARRIVED) -> None:
    for number in numbers:
        gauge.record(
            Event(
                kind="llm_call" if number % 4 else "task",
                name=None if number % 4 else "work",
                time=WHEN + timedelta(minutes=number * 7),
                arrived=arrived + timedelta(minutes=number),
                model="unheard-of" if number % 4 else None,
                agent=("ada", "bob", None)[number % 3],
                user=user,
                run=f"run-{number // 10}",
                outcome="success" if number % 5 else "failure",
                duration_ms=1.5 * number,
                **({"input_tokens": number, "cost_usd": Decimal(number) / 1000} if number % 4 else {}),  # type: ignore[arg-type]
            )
        )


def ask(lake: Lake, query: Query, *, rollups: bool = True) -> Answer:
    with lake.snapshot() as snapshot:
        known = snapshot.rollups if rollups else None
        return DuckDBEngine(snapshot.connection, known, rollups_from_rows=0).aggregate(query)


def files_of(lake: Lake, table: str) -> set[str]:
    return {path.name for path in (lake.home.root / "lake" / table).rglob("month=*/*.parquet")}


def rolled_rows(lake: Lake, table: str, sql: str) -> list[tuple[Any, ...]]:
    """SQL over all rows that a table of rollups has, as any engine would read it."""
    uris = DeltaTable(f"{lake.home.lake}/{table}").file_uris()
    return duckdb.connect().sql(f"SELECT {sql} FROM read_parquet({uris}, union_by_name = true)").fetchall()


def test_every_data_file_has_a_rollup_of_its_name_in_every_table(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(40))
    lake.compact()
    fill(gauge, range(40, 700))
    assert lake.compact().files_rolled_up == 2  # the later events are of two months
    for level in LEVELS:
        assert files_of(lake, level.name) == files_of(lake, "events")
    assert ask(lake, BY_AGENT).way == "rollups"
    assert ask(lake, BY_AGENT).rows == ask(lake, BY_AGENT, rollups=False).rows


def test_other_engines_read_rollups_in_place(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(50))
    lake.compact()
    for table in ("rollup_sums", "rollup_sums_daily"):
        assert rolled_rows(lake, table, "sum(events), sum(cost_usd_sum), sum(input_tokens)") == [
            (50, Decimal("0.913"), 913)
        ]
    assert rolled_rows(lake, "rollup_sums_single", "sum(events) FILTER (dimension = '')") == [(50,)]
    counts = "sum(count) FILTER (metric = 'duration_ms' AND dimension = 'agent')"
    assert rolled_rows(lake, "rollup_histograms", counts) == [(50,)]
    assert rolled_rows(lake, "rollup_units", "count(*) FILTER (unit_kind = 'run')") == [(5,)]


def test_small_files_are_read_from_their_rows(tmp_path: Path, book: PriceBook) -> None:
    lake = Lake(resolve_home(tmp_path / "home"), book, rollups_from_rows=100)
    with agentgauge.open(tmp_path / "home") as gauge:
        fill(gauge, range(120))
        lake.compact()
        fill(gauge, range(120, 150))
        lake.compact()
        fill(gauge, range(150, 160))
    assert len(files_of(lake, "rollup_sums")) == 1
    answer = ask(lake, BY_AGENT)
    assert answer.way == "rollups and raw"
    assert sum(row[1] for row in answer.rows) == 160
    assert answer.rows == ask(lake, BY_AGENT, rollups=False).rows


def test_a_home_of_few_events_has_no_rollups_and_asks_for_none(tmp_path: Path, book: PriceBook) -> None:
    lake = Lake(resolve_home(tmp_path / "home"), book)
    with agentgauge.open(tmp_path / "home") as gauge:
        fill(gauge, range(30))
    lake.compact()
    assert not [path.name for path in (tmp_path / "home" / "lake").iterdir() if path.name.startswith("rollup")]
    assert ask(lake, BY_AGENT).way == "raw"


def test_few_rows_are_not_worth_reading_rollups_for(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(60))
    lake.compact()
    with lake.snapshot() as snapshot:
        ways = [
            DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=rows).aggregate(BY_AGENT).way
            for rows in (60, 61)
        ]
        assert ways == ["rollups", "raw"]
        assert DuckDBEngine(snapshot.connection, snapshot.rollups).aggregate(LIKELY).exact


def test_rollups_of_merged_files_take_the_place_of_theirs(lake: Lake, gauge: agentgauge.Gauge) -> None:
    for batch in range(8):
        fill(gauge, range(batch * 6, batch * 6 + 6))
        lake.compact()
    with lake.snapshot() as snapshot:
        assert snapshot.files == 1
    assert [len(DeltaTable(f"{lake.home.lake}/{level.name}").file_uris()) for level in LEVELS] == [1] * len(LEVELS)
    assert ask(lake, BY_DAY).rows == ask(lake, BY_DAY, rollups=False).rows


def test_a_large_file_is_rolled_up_some_days_at_a_time(
    lake: Lake, gauge: agentgauge.Gauge, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "_ROWS_AT_ONCE", 50)
    fill(gauge, range(500))
    lake.compact()
    for query in (BY_AGENT, BY_DAY):
        assert ask(lake, query).way == "rollups"
        assert ask(lake, query).rows == ask(lake, query, rollups=False).rows
    with lake.snapshot() as snapshot:
        runs = snapshot.connection.execute(
            f"SELECT count(*), min(events), max(events) FROM ({snapshot.rollups.units()}) WHERE unit_kind = 'run'"
        )
        assert runs.fetchall() == [(50, 10, 10)]


def test_sums_that_no_column_holds_are_answered_from_rows(lake: Lake, gauge: agentgauge.Gauge) -> None:
    for _ in range(1025):
        gauge.llm_call("m", input_tokens=2**53 - 1, at=WHEN)
    lake.compact()
    answer = ask(lake, Query(measures=(Measure("sum", "input_tokens"),)))
    assert (answer.way, answer.rows) == ("raw", ((1025 * (2**53 - 1),),))


def test_a_correction_in_the_tail_is_answered_from_rows_until_it_has_landed(
    lake: Lake, gauge: agentgauge.Gauge
) -> None:
    call = Event(kind="llm_call", time=WHEN, model="m", agent="ada", source_id="c", input_tokens=5, arrived=ARRIVED)
    gauge.record(call)
    lake.compact()
    gauge.record(Event(kind="llm_call", time=WHEN, model="m", agent="ada", source_id="c", input_tokens=7))
    query = Query(measures=(Measure("count"), Measure("tokens")))
    assert (ask(lake, query).way, ask(lake, query).rows) == ("raw", ((1, 7),))
    lake.compact()
    assert (ask(lake, query).way, ask(lake, query).rows) == ("rollups", ((1, 7),))


def killed_at(home: Path, doing: str, step: str) -> int:
    """Do something to the lake in a process of its own that is killed when it reaches `step`; how it ended."""
    program = (
        "import os, signal, sys\n"
        "from datetime import datetime\n"
        "from agentgauge.lake import Lake\n"
        "from agentgauge.pricing import PriceBook\n"
        "from agentgauge.settings import resolve_home\n"
        "stop = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == sys.argv[2] else None\n"
        "lake = Lake(resolve_home(sys.argv[1]), PriceBook.load(), rollups_from_rows=1)\n"
        f"lake.{doing}\n"
    )
    return subprocess.run([sys.executable, "-c", program, str(home), step], check=False).returncode


@pytest.mark.parametrize("step", STEPS)
def test_a_compactor_killed_while_rolling_up_leaves_right_answers(
    lake: Lake, gauge: agentgauge.Gauge, step: str
) -> None:
    fill(gauge, range(30))
    lake.compact()
    fill(gauge, range(30, 60))
    assert killed_at(lake.home.root, "compact(stop)", step) == -signal.SIGKILL
    for query in (BY_AGENT, BY_DAY):
        assert ask(lake, query).rows == ask(lake, query, rollups=False).rows
    assert sum(row[1] for row in ask(lake, BY_AGENT).rows) == 60
    lake.compact()
    assert ask(lake, BY_AGENT).way == "rollups"
    assert ask(lake, BY_AGENT).rows == ask(lake, BY_AGENT, rollups=False).rows
    for level in LEVELS:
        uris = DeltaTable(f"{lake.home.lake}/{level.name}").file_uris()
        assert {uri.rpartition("/")[2] for uri in uris} == files_of(lake, "events")


@pytest.mark.parametrize("step", ["kept", "expired"])
def test_an_expiry_killed_between_its_commits_neither_loses_nor_doubles(
    lake: Lake, gauge: agentgauge.Gauge, step: str
) -> None:
    fill(gauge, range(60))
    lake.compact()
    before = {query: ask(lake, query).rows for query in (BY_AGENT, BY_DAY)}
    doing = f"expire(datetime.fromisoformat({(ARRIVED + timedelta(minutes=25)).isoformat()!r}), stop)"
    assert killed_at(lake.home.root, doing, step) == -signal.SIGKILL
    assert {query: ask(lake, query).rows for query in before} == before
    lake.compact()
    assert {query: ask(lake, query).rows for query in before} == before
    assert lake.expire(ARRIVED + timedelta(minutes=25)).events == (25 if step == "kept" else 0)
    assert {query: ask(lake, query).rows for query in before} == before


def test_what_expires_is_still_answered_and_what_is_missing_is_said(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(60))
    lake.compact()
    before = ask(lake, BY_DAY)
    likely = ask(lake, LIKELY)
    assert lake.expire(ARRIVED + timedelta(minutes=40)).events == 40
    after = ask(lake, BY_DAY)
    assert (after.rows, after.missing_before) == (before.rows, None)
    assert ask(lake, LIKELY).rows == likely.rows
    exact = ask(lake, Query(measures=(Measure("count"), Measure("p50", "duration_ms"))))
    assert (exact.way, exact.exact, exact.rows) == ("raw", True, ((20, 1.5 * 49.5),))
    assert exact.missing_before == datetime(2026, 3, 29, 2, 15, tzinfo=UTC)
    recent = Query(start=exact.missing_before, measures=(Measure("p50", "duration_ms"),))
    assert ask(lake, recent).missing_before is None


def test_a_window_that_cuts_a_quarter_of_expired_events_says_what_it_lacks(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(30))
    lake.expire(ARRIVED + timedelta(days=1))
    whole = Query(start=WHEN + timedelta(minutes=35))
    assert (ask(lake, whole).rows, ask(lake, whole).missing_before) == (((25,),), None)
    cut = Query(start=WHEN + timedelta(minutes=36))
    assert (ask(lake, cut).rows, ask(lake, cut).missing_before) == (((22,),), WHEN + timedelta(minutes=50))


def test_files_of_many_expiries_become_one_and_count_once(
    lake: Lake, gauge: agentgauge.Gauge, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(gauge, range(30))
    for minutes in (10, 20):
        lake.expire(ARRIVED + timedelta(minutes=minutes))
    expected = ask(lake, BY_DAY).rows
    with lake.snapshot() as early:
        with writer_lock(lake.home):
            tables, connection = lake._open_tables()
            with connection:
                merge_expired(connection, tables, fan_in=2)
        assert (
            len(DeltaTable(f"{lake.home.lake}/rollup_sums").file_uris()) == 4
        )  # of the rest, of two expiries, and of both together
        assert ask(lake, BY_DAY).rows == expected
        lake.compact()
        assert DuckDBEngine(early.connection, early.rollups, rollups_from_rows=0).aggregate(BY_DAY).rows == expected
    monkeypatch.setattr(upkeep, "_IN_FLIGHT", timedelta(0))
    lake.compact()
    assert len(DeltaTable(f"{lake.home.lake}/rollup_sums").file_uris()) == 2
    assert ask(lake, BY_DAY).rows == expected
    lake.expire(ARRIVED + timedelta(minutes=25))
    assert ask(lake, BY_DAY).rows == expected


def test_late_events_of_an_expired_time_are_added(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(30))
    lake.expire(ARRIVED + timedelta(days=1))
    fill(gauge, range(30), arrived=ARRIVED + timedelta(days=2))
    assert ask(lake, Query()).rows == ((60,),)
    lake.compact()
    assert (ask(lake, Query()).rows, ask(lake, Query()).way) == (((60,),), "rollups")
    lake.expire(ARRIVED + timedelta(days=5))
    assert ask(lake, Query()).rows == ((60,),)


def test_forgetting_reaches_rollups_of_events_that_are_there(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(20), user="mallory")
    fill(gauge, range(20, 50), user="ann")
    lake.compact()
    lake.forget("mallory")
    assert ask(lake, BY_AGENT).rows == ask(lake, BY_AGENT, rollups=False).rows
    assert ask(lake, Query()).rows == ((30,),)
    for level in LEVELS:
        assert files_of(lake, level.name) == files_of(lake, "events")
    assert {unit for (unit,) in rolled_rows(lake, "rollup_units", "DISTINCT unit")} == {
        "ann",
        "run-2",
        "run-3",
        "run-4",
    }


def test_forgetting_reaches_units_of_events_that_have_expired(lake: Lake, gauge: agentgauge.Gauge) -> None:
    """Runs 0 and 1 are mallory's alone, run 2 both people's; what the sums say names nobody."""
    fill(gauge, range(25), user="mallory")
    fill(gauge, range(25, 40), user="ann")
    lake.expire(ARRIVED + timedelta(days=1))
    lake.forget("mallory")
    digest = hashlib.md5(b"mallory", usedforsecurity=False).hexdigest()
    units = rolled_rows(lake, "rollup_units", "unit, users, events")
    assert {unit for unit, _, _ in units} == {"ann", "run-2", "run-3"}
    assert not any(digest in users for _, users, _ in units)
    assert len(files_of(lake, "rollup_units")) == 1
    assert ask(lake, Query()).rows == ((40,),)


def test_units_of_work_are_merged_from_rollups_rows_and_what_has_expired(lake: Lake, gauge: agentgauge.Gauge) -> None:
    fill(gauge, range(34))
    lake.expire(ARRIVED + timedelta(minutes=15))
    fill(gauge, range(34, 48))
    lake.compact()
    fill(gauge, range(48, 60))
    columns = "events, tasks, failures, input_tokens, cost_usd, duration_ms, last_outcome, agents, nobodys"
    with lake.snapshot() as snapshot:
        found = snapshot.connection.execute(
            f"SELECT unit, {columns} FROM ({snapshot.rollups.units()}) WHERE unit_kind = 'run' ORDER BY unit"
        ).fetchall()
    assert [row[0] for row in found] == [f"run-{number}" for number in range(6)]
    for number, (_, *row) in enumerate(found):
        numbers = range(number * 10, number * 10 + 10)
        calls, tasks = [n for n in numbers if n % 4], [n for n in numbers if not n % 4]
        assert row == [
            10,
            len(tasks),
            sum(n % 5 == 0 for n in tasks),
            sum(calls),
            Decimal(sum(calls)) / 1000,
            sum(1.5 * n for n in tasks),
            "success" if tasks[-1] % 5 else "failure",
            ["ada", "bob"],
            10,
        ]


def test_a_reader_that_was_there_before_goes_on_answering(lake: Lake, gauge: agentgauge.Gauge) -> None:
    """The logs of rollups are read when a question needs them, and may then be of a later time than the reader."""
    fill(gauge, range(30))
    lake.compact()
    fill(gauge, range(30, 35))
    queries = (BY_AGENT, BY_DAY, LIKELY)
    with lake.snapshot() as early, lake.snapshot() as warm:
        asked = DuckDBEngine(warm.connection, warm.rollups, rollups_from_rows=0)
        expected = [asked.aggregate(query).rows for query in queries]
        fill(gauge, range(35, 60))
        lake.compact()
        lake.expire(ARRIVED + timedelta(minutes=20))
        late = DuckDBEngine(early.connection, early.rollups, rollups_from_rows=0)
        assert [late.aggregate(query).rows for query in queries[:2]] == expected[:2]
        assert [asked.aggregate(query).rows for query in queries] == expected
    assert sum(row[1] for row in ask(lake, BY_AGENT).rows) == 60


def test_repriced_calls_are_rolled_up_anew(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with agentgauge.open(home) as gauge:
        for _ in range(5):
            gauge.llm_call("gpt-4o", "openai", input_tokens=1000)
        gauge.llm_call("my-model", input_tokens=1000)
    Lake(resolve_home(home), PriceBook.load(), rollups_from_rows=1).compact()
    lake = Lake(resolve_home(home), PriceBook.load({"my-model": {"input": 1, "output": 1}}), rollups_from_rows=1)
    lake.reprice()
    answer = ask(lake, Query(measures=(Measure("cost"),), filters=(Filter("model", "=", "my-model"),)))
    assert (answer.way, answer.rows) == ("rollups", ((Decimal("0.001"), 0),))

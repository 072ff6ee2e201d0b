"""Landed calls are priced anew, once and whole, and what they cost before is kept."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import msgspec
import pytest

import agentgauge
from agentgauge.engines import Measure, Query
from agentgauge.engines.duckdb import DuckDBEngine
from agentgauge.errors import LakeBusy
from agentgauge.events import Event
from agentgauge.lake import Lake
from agentgauge.lake.compactor import writer_lock
from agentgauge.pricing import PriceBook
from agentgauge.settings import resolve_home
from tests.lake.reading import one, rows

STEPS = ("written", "kept", "committed", "cleaned")
JANUARY, FEBRUARY = datetime(2026, 1, 5, 12, tzinfo=UTC), datetime(2026, 2, 5, 12, tzinfo=UTC)
CHEAP = {"our-model": {"input": 1, "output": 2}}
DEAR = {"our-model": {"input": 3, "output": 2}}
DEAR_AND_MORE = DEAR | {"new-model": {"input": 10, "output": 10}}


def priced(home: Path, prices: dict[str, Any]) -> Lake:
    """The lake of a home, with a price book of ours."""
    return Lake(resolve_home(home), PriceBook.load(prices))


def record(gauge: agentgauge.Gauge, at: datetime, **more: Any) -> None:
    """A priced, an unpriced and a reported call, and something that has no price."""
    gauge.llm_call("our-model", input_tokens=1_000_000, at=at, **more)
    gauge.llm_call("new-model", input_tokens=1_000_000, at=at, **more)
    gauge.llm_call("our-model", input_tokens=1_000_000, cost_usd="7", at=at, **more)
    gauge.tool_call("search", cost_usd="0.5", at=at, **more)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two months, landed at cheap prices."""
    home = tmp_path / "home"
    with agentgauge.open(home) as gauge:
        record(gauge, JANUARY, user="ada")
        record(gauge, FEBRUARY)
    priced(home, CHEAP).compact()
    return home


COSTS = "SELECT model, cost_source, cost_usd FROM events WHERE kind = 'llm_call' ORDER BY time, n"
BEFORE = [
    ("our-model", "computed", Decimal(1)),
    ("new-model", "unpriced", None),
    ("our-model", "reported", Decimal(7)),
] * 2
AFTER = [
    ("our-model", "computed", Decimal(3)),
    ("new-model", "computed", Decimal(10)),
    ("our-model", "reported", Decimal(7)),
] * 2


def test_computed_and_unpriced_calls_get_todays_price_and_reported_ones_keep_theirs(home: Path) -> None:
    lake = priced(home, DEAR_AND_MORE)
    assert rows(lake, COSTS) == BEFORE
    done = lake.reprice()
    assert rows(lake, COSTS) == AFTER
    assert rows(lake, "SELECT DISTINCT price_version FROM events WHERE cost_source = 'computed'") == [
        (lake.book.version,)
    ]
    new, ours = done.models
    assert (new.model, new.calls, new.changed, new.newly_priced, new.old_usd, new.new_usd) == (
        "new-model", 2, 2, 2, Decimal(0), Decimal(20),
    )  # fmt: skip
    assert (ours.model, ours.calls, ours.changed, ours.newly_priced, ours.difference_usd) == (
        "our-model",
        2,
        2,
        0,
        Decimal(4),
    )


def test_a_call_whose_price_is_withdrawn_becomes_unpriced(home: Path) -> None:
    lake = priced(home, {"another": {"input": 1, "output": 1}})
    ours, new = lake.reprice().models
    assert (ours.become_unpriced, ours.old_usd, ours.new_usd) == (2, Decimal(2), Decimal(0))
    assert (new.changed, new.still_unpriced) == (0, 2)
    assert rows(lake, "SELECT cost_usd, cost_source, price_version FROM events ORDER BY time, n LIMIT 1") == [
        (None, "unpriced", None)
    ]


def test_only_calls_of_the_window_and_only_their_files_change(home: Path) -> None:
    lake = priced(home, DEAR)
    files = data_files(home)
    done = lake.reprice(FEBRUARY, FEBRUARY + timedelta(days=1))
    assert (done.files_rewritten, [model.changed for model in done.models]) == (1, [1, 0])
    assert [cost for _, _, cost in rows(lake, COSTS)] == [1, None, 7, 3, None, 7]
    kept = {file for file in files if "2026-01" in file}
    assert kept <= data_files(home)


def test_a_second_run_changes_nothing(home: Path) -> None:
    lake = priced(home, DEAR_AND_MORE)
    lake.reprice()
    version, history = version_of(lake), rows(lake, "FROM repriced")
    again = lake.reprice()
    assert ([model.changed for model in again.models], again.repricing) == ([0, 0], None)
    assert (version_of(lake), rows(lake, "FROM repriced")) == (version, history)


def test_a_price_that_stays_the_same_keeps_the_version_it_was_computed_with(home: Path) -> None:
    version = one(priced(home, CHEAP), "SELECT any_value(price_version) FROM events")
    lake = priced(home, CHEAP | {"another": {"input": 1, "output": 1}})
    assert lake.book.version != version
    assert lake.reprice().files_rewritten == 0
    assert one(lake, "SELECT any_value(price_version) FROM events") == version


def test_a_dry_run_says_the_same_and_writes_nothing(home: Path) -> None:
    lake = priced(home, DEAR_AND_MORE)
    files = all_files(home)
    with writer_lock(lake.home):  # nor does it wait for who is writing
        preview = lake.reprice(dry_run=True)
    assert all_files(home) == files
    assert rows(lake, COSTS) == BEFORE
    assert preview.repricing is None
    done = lake.reprice()
    assert (preview.models, preview.files_rewritten) == (done.models, done.files_rewritten)


def test_a_dry_run_counts_what_has_not_landed_as_it_will_land(home: Path) -> None:
    """A new call, one with a cost by a table of its own, a reported one, and a correction of one that has landed."""
    call = Event(kind="llm_call", time=JANUARY, model="our-model", input_tokens=1_000_000, source_id="a")
    with agentgauge.open(home) as gauge:
        gauge.record(call)
    priced(home, CHEAP).compact()
    with agentgauge.open(home) as gauge:
        record(gauge, FEBRUARY + timedelta(hours=1))
        gauge.record(msgspec.structs.replace(call, input_tokens=2_000_000))
        gauge.record(
            msgspec.structs.replace(call, source_id="b", cost_usd=Decimal(9), cost_source="computed"),
        )
    lake = priced(home, DEAR_AND_MORE)
    preview = lake.reprice(dry_run=True)
    done = lake.reprice()
    assert sum(model.calls for model in preview.models) == 8
    assert (preview.models, preview.reported_calls) == (done.models, done.reported_calls)


def test_a_dry_run_of_a_home_that_does_not_exist_makes_none(tmp_path: Path) -> None:
    assert priced(tmp_path / "none", DEAR).reprice(dry_run=True).models == ()
    assert not (tmp_path / "none").exists()


def test_events_keep_everything_else_and_their_place_in_the_file(home: Path) -> None:
    lake = priced(home, DEAR_AND_MORE)
    before = stored(home)
    lake.reprice()
    after = stored(home)
    assert after == before


def stored(home: Path) -> list[list[tuple[Any, ...]]]:
    """Every file's rows as they lie there, without their costs."""
    return [
        duckdb.connect()
        .execute(
            f"SELECT * EXCLUDE (cost_usd, cost_source, price_version) FROM read_parquet('{home}/lake/events/{file}')"
        )
        .fetchall()
        for file in sorted(named_files(home), key=lambda name: name.split("/")[0])
    ]


def named_files(home: Path) -> list[str]:
    from deltalake import DeltaTable

    return [
        uri.removeprefix(f"file://{home}/lake/events/").removeprefix(f"{home}/lake/events/")
        for uri in DeltaTable(f"{home}/lake/events").file_uris()
    ]


def test_the_history_has_old_and_new_cost_source_and_version(home: Path) -> None:
    cheap, lake = priced(home, CHEAP), priced(home, DEAR_AND_MORE)
    done = lake.reprice()
    found = rows(
        lake,
        "SELECT repricing, model, old_cost_usd, old_cost_source, old_price_version, repriced.cost_usd, "
        "repriced.cost_source, repriced.price_version FROM repriced ORDER BY time, n",
    )
    old, new = cheap.book.version, lake.book.version
    assert found == [
        (done.repricing, "our-model", 1, "computed", old, 3, "computed", new),
        (done.repricing, "new-model", None, "unpriced", None, 10, "computed", new),
    ] * 2  # fmt: skip
    assert (
        one(lake, "SELECT count(*) FROM repriced JOIN events USING (id, segment, n) WHERE events.time = repriced.time")
        == 4
    )


def test_two_repricings_are_both_in_the_history(home: Path) -> None:
    priced(home, DEAR).reprice()
    lake = priced(home, DEAR_AND_MORE)
    lake.reprice()
    assert rows(lake, "SELECT repricing, count(*) FROM repriced GROUP BY ALL ORDER BY 2, min(repriced)")[0][1] == 2
    assert one(lake, "SELECT count(DISTINCT repricing) FROM repriced") == 2


@pytest.mark.parametrize("step", STEPS)
def test_a_run_killed_at_any_step_has_happened_whole_or_not_at_all(home: Path, step: str) -> None:
    lake = priced(home, DEAR_AND_MORE)
    assert killed_at(home, step) == -signal.SIGKILL
    happened = step in ("committed", "cleaned")
    assert rows(lake, COSTS) == (AFTER if happened else BEFORE)
    assert one(lake, "SELECT count(*) FROM repriced") == (4 if happened else 0)
    done = lake.reprice()
    assert sum(model.changed for model in done.models) == (0 if happened else 4)
    assert rows(lake, COSTS) == AFTER
    assert one(lake, "SELECT count(*) FROM repriced") == 4
    assert one(lake, "SELECT count(DISTINCT id) FROM events") == 8
    assert len(set(stored_history(home))) == 1, "what never happened is gone"


def test_a_reader_meanwhile_sees_it_whole_or_not_at_all(home: Path) -> None:
    lake, seen = priced(home, DEAR_AND_MORE), {}

    def look(step: str) -> None:
        seen[step] = (rows(lake, COSTS), one(lake, "SELECT count(*) FROM repriced"))

    with lake.snapshot() as earlier:
        lake.reprice(on_step=look)
        assert earlier.connection.execute(COSTS).fetchall() == BEFORE
    assert seen == {"written": (BEFORE, 0), "kept": (BEFORE, 0), "committed": (AFTER, 4), "cleaned": (AFTER, 4)}


def stored_history(home: Path) -> list[str]:
    from deltalake import DeltaTable

    return [uri.rpartition("/")[2].partition("-")[0] for uri in DeltaTable(f"{home}/lake/repriced").file_uris()]


def killed_at(home: Path, step: str) -> int:
    program = (
        "import os, signal, sys\n"
        "from tests.lake.test_repricing import DEAR_AND_MORE, priced\n"
        "from pathlib import Path\n"
        "stop = lambda name: os.kill(os.getpid(), signal.SIGKILL) if name == sys.argv[2] else None\n"
        "priced(Path(sys.argv[1]), DEAR_AND_MORE).reprice(on_step=stop)\n"
    )
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    return subprocess.run(
        [sys.executable, "-c", program, str(home), step], check=False, env=environment, cwd=root
    ).returncode


def test_what_is_in_the_journal_lands_first_at_the_same_prices(home: Path) -> None:
    lake = priced(home, DEAR_AND_MORE)
    with agentgauge.open(home) as gauge:
        record(gauge, FEBRUARY + timedelta(hours=1))
        done = lake.reprice()
    assert rows(lake, COSTS) == AFTER + AFTER[:3]
    assert sum(model.changed for model in done.models) == 4
    assert sum(model.calls for model in done.models) == 6


def test_importing_again_does_not_undo_it(home: Path) -> None:
    call = Event(kind="llm_call", time=JANUARY, model="our-model", input_tokens=1_000_000, source_id="a")
    by_own_table = Event(
        kind="llm_call", time=JANUARY, model="our-model", input_tokens=1_000_000, source_id="b",
        cost_usd=Decimal(9), cost_source="computed",
    )  # fmt: skip
    with agentgauge.open(home) as gauge:
        gauge.record(call)
        gauge.record(by_own_table)
    priced(home, CHEAP).compact()
    lake = priced(home, DEAR)
    lake.reprice()
    query = "SELECT cost_usd, id FROM events WHERE source_id IS NOT NULL ORDER BY source_id"
    repriced = rows(lake, query)
    assert [cost for cost, _ in repriced] == [3, 3]
    assert lake.unlanded([call, by_own_table]) == set()
    with agentgauge.open(home) as gauge:
        gauge.record(call)
        gauge.record(by_own_table)
    assert rows(lake, query) == repriced
    lake.compact()
    assert rows(lake, query) == repriced


def test_a_corrected_usage_still_replaces_a_repriced_row(home: Path) -> None:
    call = Event(kind="llm_call", time=JANUARY, model="our-model", input_tokens=1_000_000, source_id="a")
    with agentgauge.open(home) as gauge:
        gauge.record(call)
    priced(home, CHEAP).compact()
    lake = priced(home, DEAR)
    lake.reprice()
    with agentgauge.open(home) as gauge:
        gauge.record(Event(kind="llm_call", time=JANUARY, model="our-model", input_tokens=2_000_000, source_id="a"))
    lake.compact()
    assert rows(lake, "SELECT cost_usd FROM events WHERE source_id = 'a'") == [(6,)]


def test_forgetting_a_person_reaches_the_history(home: Path) -> None:
    lake = priced(home, DEAR_AND_MORE)
    lake.reprice()
    lake.forget("ada")
    assert rows(lake, "SELECT DISTINCT time FROM repriced") == [(FEBRUARY,)]
    files = (home / "lake" / "repriced").glob("*.parquet")
    assert sum(duckdb.connect().execute(f"SELECT count(*) FROM '{file}'").fetchone()[0] for file in files) == 2  # type: ignore[index]


def test_history_expires_with_its_events(home: Path) -> None:
    lake = priced(home, DEAR_AND_MORE)
    lake.reprice()
    lake.expire(datetime.now(UTC) + timedelta(minutes=1))
    assert rows(lake, "FROM repriced") == []


def test_while_another_process_writes_it_says_so(home: Path) -> None:
    lake = priced(home, DEAR)
    with writer_lock(lake.home), pytest.raises(LakeBusy, match="try again"):
        lake.reprice()


def test_what_it_computes_is_what_landing_computes(home: Path) -> None:
    """Thresholds, hours, tiers, cache and reasoning tokens: a repriced home equals one that landed at these prices."""
    prices = {
        "our-model": {"input": 1, "output": 5, "cache_read": "0.1", "cache_write_5m": "1.25", "reasoning": 7},
        "new-model": {"input": "0.333333333", "output": "0.7"},
    }
    calls = [
        Event(
            kind="llm_call", time=JANUARY + timedelta(hours=hour), model=model, tier=tier, input_tokens=tokens,
            cache_read_tokens=tokens // 3, cache_write_5m_tokens=tokens // 7, output_tokens=77, reasoning_tokens=7,
        )
        for hour, model in enumerate(("our-model", "new-model", "claude-sonnet-4-5", "deepseek-v4-flash", "gpt-4o"))
        for tier in (None, "batch")
        for tokens in (0, 11, 123_457, 900_001)
    ]  # fmt: skip
    other = home.parent / "other"
    for place in (home, other):
        with agentgauge.open(place) as gauge:
            for call in calls:
                gauge.record(call)
    priced(home, CHEAP).compact()
    priced(home, prices).reprice()
    query = "SELECT tier, model, input_tokens, cost_usd FROM events WHERE output_tokens = 77 ORDER BY ALL"
    assert rows(priced(home, prices), query) == rows(priced(other, prices), query)


def test_rollups_follow(home: Path) -> None:
    """Also where the run was killed before they did: the next one makes them."""
    costs = Query(group=("model",), measures=(Measure("cost"),), order=("model",))
    before, after = (
        Lake(resolve_home(home), PriceBook.load(prices), rollups_from_rows=1) for prices in (CHEAP, DEAR_AND_MORE)
    )
    before.compact()
    assert asked(before, costs) == [("new-model", None, 2), ("our-model", Decimal(16), 0), (None, Decimal(1), 0)]
    killed_at(home, "committed")
    new = [("new-model", Decimal(20), 0), ("our-model", Decimal(20), 0), (None, Decimal(1), 0)]
    assert asked(after, costs, way="raw") == new
    after.reprice()
    assert asked(after, costs) == new


def asked(lake: Lake, query: Query, way: str = "rollups") -> list[tuple[Any, ...]]:
    with lake.snapshot() as snapshot:
        answer = DuckDBEngine(snapshot.connection, snapshot.rollups, rollups_from_rows=1).aggregate(query)
        assert answer.way == way
        return list(answer.rows)


def data_files(home: Path) -> set[str]:
    return set(named_files(home))


def all_files(home: Path) -> dict[str, bytes]:
    files = (path for path in home.rglob("*") if path.is_file() and path.name != "lake.lock")
    return {str(path): path.read_bytes() for path in files}


def version_of(lake: Lake) -> int:
    with lake.snapshot() as snapshot:
        return snapshot.version

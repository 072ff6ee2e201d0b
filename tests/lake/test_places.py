"""Homes in odd places, and homes of which a part was lost or copied: each event is still seen once."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pytest

import agentgauge
from agentgauge.errors import LakeError
from agentgauge.events import Event
from agentgauge.lake import Lake
from agentgauge.lake.landing import land
from agentgauge.lake.plan import Plan, coverage, next_batch
from agentgauge.pricing import PriceBook
from agentgauge.settings import Home, resolve_home
from tests.components import require
from tests.lake.reading import one, rows, values


def record(home: Path, numbers: range, user: str = "ada") -> None:
    with agentgauge.open(home) as gauge:
        for number in numbers:
            gauge.measurement("n", value=number, user=user)


def test_a_damaged_file_is_said_in_a_sentence(tmp_path: Path, book: PriceBook) -> None:
    lake = Lake(resolve_home(tmp_path), book)
    record(tmp_path, range(3))
    lake.compact()
    for file in (tmp_path / "lake" / "events").rglob("*.parquet"):
        file.write_bytes(b"not parquet")
    with agentgauge.open(tmp_path) as gauge:
        gauge.record(call(10))
    for ask in (lake.snapshot, lake.compact, partial(lake.forget, "ada"), partial(lake.expire, datetime.now(UTC))):
        with pytest.raises(LakeError, match=r"the lake could not be read: [^\n]*\.parquet[^\n]*\Z"):
            ask()


def test_what_is_forgotten_while_a_snapshot_is_made_is_read_again_without(
    tmp_path: Path, book: PriceBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = Lake(resolve_home(tmp_path), book)
    record(tmp_path, range(3), user="ada")
    record(tmp_path, range(4), user="bob")
    lake.compact()

    def land_while_somebody_forgets(*given: Any, **options: Any) -> Any:
        """Between reading the version and opening its files."""
        monkeypatch.setattr("agentgauge.lake.snapshot.land", land)
        lake.forget("ada")
        return land(*given, **options)

    monkeypatch.setattr("agentgauge.lake.snapshot.land", land_while_somebody_forgets)
    assert rows(lake, 'SELECT DISTINCT "user", count(*) OVER () FROM events') == [("bob", 4)]


def call(output_tokens: int) -> Event:
    return Event(
        kind="llm_call", time=datetime(2026, 1, 9, tzinfo=UTC), model="m", output_tokens=output_tokens, source_id="one"
    )


@pytest.mark.parametrize(
    "name", ["plain", "with space", "100 %", "ha#sh", "que?ry", "brack[et]s", "st*r", "quo'te", "umläut", "a/../b"]
)
def test_a_home_may_have_any_name(tmp_path: Path, book: PriceBook, name: str) -> None:
    (tmp_path / "a").mkdir()
    lake = Lake(resolve_home(tmp_path / name), book)
    with agentgauge.open(tmp_path / name) as gauge:
        gauge.record(call(10))
        lake.compact()
        gauge.record(call(20))
        lake.compact()
        assert rows(lake, "SELECT output_tokens FROM events") == [(20,)]
        gauge.measurement("n", value=1, user="bob")
    assert lake.forget("bob").events == 1
    assert values(lake) == []
    assert lake.expire(datetime(2100, 1, 1, tzinfo=UTC)).events == 1
    assert one(lake, "SELECT count(*) FROM events") == 0


def test_a_home_may_be_reached_through_a_link(tmp_path: Path, book: PriceBook) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    record(tmp_path / "link", range(3))
    lake = Lake(resolve_home(tmp_path / "link"), book)
    lake.compact()
    assert lake.forget("ada").events == 3
    assert values(lake) == []


@pytest.mark.parametrize("lost", ["plans", "journal", "both"])
def test_what_landed_is_not_counted_again_where_journal_or_plans_are_lost(
    tmp_path: Path, book: PriceBook, lost: str
) -> None:
    home = tmp_path / "home"
    lake = Lake(resolve_home(home), book)
    with agentgauge.open(home) as gauge:
        for number in range(5):
            gauge.measurement("n", value=number)
        gauge.flush()
        lake.compact()
        for part in ("plans", "journal") if lost == "both" else (lost,):
            shutil.rmtree(home / part)
        gauge.measurement("n", value=5)
        gauge.flush()
        assert values(lake) == list(range(6))
        lake.compact()
        assert values(lake) == list(range(6))
        gauge.measurement("n", value=6)
    lake.compact()
    assert values(lake) == list(range(7))


def test_two_copies_of_a_home_that_share_a_lake_lose_nothing(tmp_path: Path, book: PriceBook) -> None:
    """A machine cloned as an image keeps the journal's id, and both clones write to the table they shared."""
    shared = str(tmp_path / "lake")
    first, second = (Lake(Home(tmp_path / name, shared), book) for name in ("first", "second"))
    record(tmp_path / "first", range(1))
    first.compact()
    clone_with_its_identity(tmp_path / "first", tmp_path / "second")
    record(tmp_path / "first", range(10, 15))
    record(tmp_path / "second", range(20, 25))
    for lake in (first, second, first, second):
        lake.compact()
    record(tmp_path / "first", range(15, 18))
    record(tmp_path / "second", range(25, 28))
    assert values(first) == [0, *range(10, 18), *range(20, 25)]
    for lake in (second, first):
        lake.compact()
    assert values(first) == values(second) == [0, *range(10, 18), *range(20, 28)]
    assert rows(first, "SELECT * FROM losses") == []


def clone_with_its_identity(source: Path, target: Path) -> None:
    """As a disk image does: the copy's files have the inodes that they name."""
    shutil.copytree(source, target)
    identity = target / "journal" / "id"
    text = identity.read_text().replace(str((source / "journal" / "id").stat().st_ino), str(identity.stat().st_ino))
    identity.write_text(text)


def test_a_batch_that_a_copy_landed_is_not_taken_for_ones_own() -> None:
    plan = Plan(sequence=2, journal="j", batch=next_batch(7), previous=7, ranges=(), covered={"s": 5})
    older = Plan(sequence=1, journal="j", batch=7, previous=0, ranges=(), covered={"s": 3})

    def at(version: int) -> object:
        found = coverage([plan, older], lambda journal: version, lambda: "j")
        return found.covered, found.certain

    assert at(plan.batch) == ({"s": 5}, True)
    assert at(7) == ({"s": 3}, True)
    assert at(0) == ({}, True)
    assert at(99) == ({}, False)


def test_a_long_journal_on_a_read_only_file_system_is_read(tmp_path: Path, book: PriceBook) -> None:
    import os
    import subprocess

    from agentgauge import meter as meters
    from agentgauge.meter import Meter
    from agentgauge.settings import get_settings

    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    require(mounted, "root, to mount a file system read-only")
    try:
        record(place / "home", range(5))
        filler = place / "home" / "journal" / "z-1-zzz-000000.seg"
        filler.write_bytes(bytes(meters.TAIL_BYTES + 1))
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        with Meter(get_settings(place / "home")).reading() as snapshot:
            assert snapshot.connection.execute("SELECT count(*) FROM events").fetchall() == [(5,)]
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_columns_of_a_newer_version_survive_an_older_one(lake: Lake, gauge: agentgauge.Gauge) -> None:
    for user in ("bob", "eve"):
        gauge.measurement("n", value=1, user=user)
    lake.compact()
    (file,) = (lake.home.root / "lake" / "events").rglob("*.parquet")
    newer = file.with_suffix(".newer")
    duckdb.connect().execute(f"COPY (SELECT *, 7 AS audio_tokens FROM '{file}') TO '{newer}' (FORMAT parquet)")
    newer.rename(file)
    lake.forget("bob")
    assert rows(lake, 'SELECT "user", audio_tokens FROM events') == [("eve", 7)]


def test_what_a_killed_compactor_was_writing_is_cleared_away(lake: Lake, gauge: agentgauge.Gauge) -> None:
    gauge.measurement("n", value=1)
    lake.compact()
    left = lake.home.root / "lake" / "events" / "_scratch-dead"
    left.mkdir()
    (left / "rows.parquet").write_bytes(b"half")
    lake.compact()
    assert not left.exists()

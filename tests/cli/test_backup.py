"""`agentgauge backup` and `agentgauge restore`: the restored home answers as the other did, and goes on from there."""

from __future__ import annotations

import io
import shutil
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from typer.testing import Result

import agentgauge
from agentgauge.journal.directory import JournalDirectory
from agentgauge.meter import Meter
from agentgauge.settings import get_settings
from tests.cli.conftest import DAY
from tests.servers.serving import served

Run = Callable[..., Result]
_EVENTS = "SELECT id, kind, name, time, cost_usd, agent FROM events ORDER BY segment, n"


def _rows(home: Path, sql: str = _EVENTS) -> list[tuple[Any, ...]]:
    with Meter(get_settings(home)).reading() as snapshot:
        return snapshot.connection.execute(sql).fetchall()


def _compact(home: Path) -> None:
    Meter(get_settings(home)).lake.compact()


@pytest.fixture
def half_landed(home: Path) -> Path:
    """A home with events in the lake, in a segment that ended, and decisions in its state."""
    _compact(home)
    with agentgauge.open(home, project="shop") as gauge:
        gauge.llm_call("gpt-4o", "openai", input_tokens=5, output_tokens=1, agent="late", at=DAY)
    (home / "prices.toml").write_text('[[price]]\nmodel = "in-house-7b"\ninput = "1"\noutput = "2"\n')
    return home


def _restored(run: Run, home: Path, folder: Path) -> Path:
    assert run("backup", folder / "kept.tar.zst", "--home", home).exit_code == 0
    assert run("restore", folder / "kept.tar.zst", "--home", folder / "again").exit_code == 0
    return folder / "again"


def test_a_restored_home_answers_the_same_and_lands_everything_once(
    run: Run, document: Callable[..., Any], home: Path, tmp_path: Path
) -> None:
    _compact(home)
    with agentgauge.open(home, project="shop") as gauge:
        gauge.llm_call("gpt-4o", "openai", input_tokens=5, output_tokens=1, agent="late", at=DAY)
        again = _restored(run, home, tmp_path)  # its segment is being written
        gauge.tool_call("after the backup", at=DAY)
    before = _rows(again)
    assert [row for row in _rows(home) if row[2] != "after the backup"] == before
    assert document("report", "--by", "agent", "--home", again)["groups"]
    _compact(again)
    assert [row[1:] for row in _rows(again)] == [row[1:] for row in before]
    assert {row[0] for row in before if row[0] is not None} <= {row[0] for row in _rows(again)}
    with agentgauge.open(again) as gauge:
        gauge.tool_call("new", at=DAY)
    _compact(again)
    _compact(again)
    assert len(_rows(again)) == len(before) + 1
    assert _rows(again, "SELECT * FROM losses") == []


def test_both_homes_go_on_and_the_restored_journal_has_a_name_of_its_own(run: Run, home: Path, tmp_path: Path) -> None:
    again = _restored(run, home, tmp_path)
    old, new = JournalDirectory(home), JournalDirectory(again)
    assert new.id != old.id
    assert new.copied_from == old.id
    for place in (home, again):
        _compact(place)
    assert [row[1:] for row in _rows(home)] == [row[1:] for row in _rows(again)]


def test_reports_are_the_same_to_the_last_figure(
    run: Run, document: Callable[..., Any], half_landed: Path, tmp_path: Path
) -> None:
    again = _restored(run, half_landed, tmp_path)
    for question in (("report", "--by", "model"), ("percentiles", "cost"), ("agent", "coder")):
        asked = [document(*question, "--until", "2026-04-01", "--home", home) for home in (half_landed, again)]
        assert asked[0] == asked[1]


def test_decisions_prices_and_received_events_are_in_it(run: Run, half_landed: Path, tmp_path: Path) -> None:
    event = {"kind": "tool_call", "name": "sent", "time": DAY.isoformat()}
    with served(half_landed) as server:
        sent = httpx.post(f"{server.url}/api/v1/events", json={"events": [event]}, timeout=60)
        assert sent.json()["accepted"] == 1
        again = _restored(run, half_landed, tmp_path)  # while it runs
        assert server.stop() == 0
    with served(again) as server:
        assert httpx.get(f"{server.url}/readyz", timeout=60).json()["status"] == "ready"
        assert server.stop() == 0
    assert ("sent",) in _rows(again, "SELECT name FROM events")
    assert (again / "prices.toml").read_bytes() == (half_landed / "prices.toml").read_bytes()
    assert (again / "state.db").exists()
    assert not (again / ".restoring").exists()


def test_a_backup_is_for_its_owner_only_and_takes_no_files_place(run: Run, home: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tar.zst"
    assert run("backup", kept, "--home", home).exit_code == 0
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    again = run("backup", kept, "--home", home)
    assert again.exit_code == 2
    assert "is there already" in again.stderr


def test_what_is_restored_is_for_its_owner_only(run: Run, half_landed: Path, tmp_path: Path) -> None:
    again = _restored(run, half_landed, tmp_path)
    made_new = ("id", "id.lock")  # the journal has a name of its own
    kept = [path for path in again.rglob("*") if path.is_file() and path.name not in made_new]
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}


def test_a_home_that_is_not_empty_stays_as_it_is(run: Run, home: Path, tmp_path: Path) -> None:
    run("backup", tmp_path / "kept.tar.zst", "--home", home)
    before = sorted(path.relative_to(home) for path in home.rglob("*"))
    refused = run("restore", tmp_path / "kept.tar.zst", "--home", home)
    assert refused.exit_code == 2
    assert "is not empty" in refused.stderr
    assert sorted(path.relative_to(home) for path in home.rglob("*")) == before


def test_a_damaged_backup_is_refused_wherever_it_is_damaged(run: Run, home: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.tar.zst"
    run("backup", kept, "--home", home)
    whole = kept.read_bytes()
    steps = range(0, len(whole), max(1, len(whole) // 12))
    for position in {*steps, *range(len(whole) - 5, len(whole))}:  # the checksum is the last four bytes
        for damaged in (whole[:position], whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :]):
            kept.write_bytes(damaged)
            refused = run("restore", kept, "--home", tmp_path / "again")
            assert refused.exit_code == 2, (position, len(damaged), refused.output)
            assert str(kept) in refused.stderr
            assert not list((tmp_path / "again").iterdir())


def _archive(path: Path, name: str) -> Path:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO())
    path.write_bytes(zstandard.compress(packed.getvalue()))
    return path


@pytest.mark.parametrize("name", ["../escaped", "/tmp/escaped", "journal/../../escaped"])
def test_a_file_that_leads_out_of_the_home_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    refused = run("restore", _archive(tmp_path / "made.tar.zst", name), "--home", tmp_path / "again")
    assert refused.exit_code == 2
    assert "leads out of the home" in refused.stderr
    assert not (tmp_path / "escaped").exists()


def test_what_is_in_postgresql_is_said_not_to_be_in_it(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DATABASE_URL", postgres_url)
    made = run("backup", tmp_path / "kept.tar.zst", "--home", home)
    assert made.exit_code == 0
    assert "pg_dump" in made.stderr
    put_back = run("restore", tmp_path / "kept.tar.zst", "--home", tmp_path / "again")
    assert put_back.exit_code == 0
    assert "PostgreSQL" in put_back.stderr


def test_a_lake_on_an_object_store_is_left_to_its_tools(run: Run, tmp_path: Path) -> None:
    refused = run("backup", tmp_path / "kept.tar.zst", "--home", "s3://bucket/home")
    assert refused.exit_code == 2
    assert "object store" in refused.stderr


def test_a_backup_leaves_nothing_behind_in_the_home(run: Run, home: Path, tmp_path: Path) -> None:
    _compact(home)
    shutil.rmtree(home / "run", ignore_errors=True)
    run("backup", tmp_path / "kept.tar.zst", "--home", home)
    assert not [path for path in (home / "run").iterdir() if path.is_dir()]

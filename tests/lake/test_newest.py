"""The newest versions of a home's tables are found without reading the tables."""

from __future__ import annotations

import pytest

import agentgauge
from agentgauge.errors import LakeError
from agentgauge.lake import Lake
from agentgauge.lake.newest import NewestVersions
from agentgauge.lake.tables import Tables
from tests.lake.test_forget import record_for


def read(lake: Lake) -> dict[str, int]:
    """As delta-rs tells them."""
    tables = Tables(lake.home)
    tables.load()
    for rollup in tables.rollups.values():
        rollup.load()
    named = {name: getattr(tables, name) for name in ("events", "losses", "sources", "daily", "repriced")}
    return {name: table.version for name, table in {**named, **tables.rollups}.items()}


def test_they_are_those_that_delta_rs_reads(lake: Lake, gauge: agentgauge.Gauge) -> None:
    newest = NewestVersions(lake.home)
    assert set(newest.look().values()) == {-1}
    for user in ("a", "b"):
        record_for(gauge, user, 2)
        lake.compact()
        assert newest.look() == read(lake) == NewestVersions(lake.home).look()
    lake.forget("a")
    assert newest.look() == read(lake)


def test_who_did_not_look_for_long_finds_them_behind_a_gap_in_the_log(lake: Lake, gauge: agentgauge.Gauge) -> None:
    now = [0.0]
    newest = NewestVersions(lake.home, lambda: now[0])
    record_for(gauge, "a", 1)
    lake.compact()
    newest.look()
    for _ in range(3):
        record_for(gauge, "a", 1)
        lake.compact()
    versions = read(lake)
    log = lake.home.root / "lake" / "events" / "_delta_log"
    for version in range(versions["events"]):  # as delta-rs does after a day, behind a checkpoint
        (log / f"{version:020}.json").unlink()
    now[0] += 4000
    assert newest.look()["events"] == versions["events"]


@pytest.mark.parametrize("written", [b"{", b"{}\n", b"\xff\xfe"])
def test_a_log_that_cannot_be_read_is_said_to_be_so(lake: Lake, gauge: agentgauge.Gauge, written: bytes) -> None:
    record_for(gauge, "a", 1)
    lake.compact()
    (lake.home.root / "lake" / "events" / "_delta_log" / f"{0:020}.json").write_bytes(written)
    with pytest.raises(LakeError, match="lake/events: the table cannot be read: "):
        Tables(lake.home).load()

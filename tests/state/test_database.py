"""The state file: its schema, its transactions, several processes."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from agentgauge.errors import StateError
from agentgauge.state.database import Database, version_of
from agentgauge.state.schema import migrations
from tests.components import require

_COUNT = "UPDATE identifiers SET last = last + 1 WHERE name = 'recommendation'"


def _last(database: Database) -> int:
    with database.reading() as connection:
        return int(connection.execute("SELECT last FROM identifiers WHERE name = 'recommendation'").fetchone()[0])


def test_the_first_transaction_makes_the_file_with_the_newest_schema(tmp_path: Path) -> None:
    database = Database(tmp_path / "home" / "state.db")
    assert not database.exists
    with database.transaction() as connection:
        assert version_of(connection) == migrations()[-1].version
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database.exists


def test_a_block_that_raises_changes_nothing(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db")
    with database.transaction() as connection:
        connection.execute(_COUNT)
    with pytest.raises(StateError, match="UNIQUE"), database.transaction() as connection:
        connection.executemany("INSERT INTO identifiers (name, last) VALUES (?, 0)", [("a",), ("nowhere",), ("a",)])
    with database.reading() as connection:
        assert connection.execute("SELECT name, last FROM identifiers").fetchall() == [("recommendation", 1)]


def test_what_is_no_state_file_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "state.db"
    path.write_text("a diary, of some length, so that it cannot be taken for an empty file\n" * 30)
    with pytest.raises(StateError, match=r"state\.db cannot be used: file is not a database"):
        with Database(path).transaction():
            pass


def test_a_file_in_a_place_that_may_not_be_written_is_read(tmp_path: Path) -> None:
    """On a file system that is mounted read-only: for root nothing else is."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    require(mounted, "root, to mount a file system read-only")
    try:
        database = Database(place / "a home #1" / "state.db")
        with database.transaction() as connection:
            connection.execute(_COUNT)
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        assert _last(database) == 1
        with pytest.raises(StateError, match="cannot be used: unable to open"), database.transaction() as connection:
            connection.execute(_COUNT)
    finally:
        subprocess.run(["umount", str(place)], check=True)

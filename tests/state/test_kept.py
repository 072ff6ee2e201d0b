"""The state file with a connection that stays open, where that could go wrong."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agentgauge.errors import StateError
from agentgauge.state.changes import changed
from agentgauge.state.database import Database
from agentgauge.state.identifiers import last_id, next_id
from agentgauge.state.kept import KeptDatabase
from tests.components import require

TIMES = 50


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[KeptDatabase]:
    database = KeptDatabase(tmp_path / "state.db")
    yield database
    database.close()


def count(store: Database) -> int:
    with store.transaction() as connection:
        return next_id(connection, "thing")


def test_it_stays_open_and_others_see_what_it_wrote_at_once(kept: KeptDatabase) -> None:
    assert not kept.exists
    assert [count(kept), count(Database(kept.path)), count(kept)] == [1, 2, 3]
    kept.close()
    assert count(kept) == 4


def test_threads_take_turns(kept: KeptDatabase) -> None:
    given: list[int] = []

    def work() -> None:
        given.extend(count(kept) for _ in range(TIMES))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(given) == list(range(1, 8 * TIMES + 1))


def _interrupted(kept: KeptDatabase) -> None:
    with kept.transaction() as connection:
        next_id(connection, "thing")
        raise KeyboardInterrupt


def test_what_a_block_changed_that_raises_is_not_kept_and_the_next_one_works(kept: KeptDatabase) -> None:
    count(kept)
    with pytest.raises(KeyboardInterrupt):
        _interrupted(kept)
    with pytest.raises(StateError, match="no such table: nowhere"), kept.transaction() as connection:
        connection.execute("SELECT * FROM nowhere")
    assert count(kept) == 2


def test_what_a_block_writes_that_only_reads_is_not_kept(kept: KeptDatabase) -> None:
    count(kept)
    with kept.reading() as connection:
        changed(connection, "budgets")
    assert kept.changes("budgets") == (0,)


def test_a_file_that_took_its_place_is_opened_anew(kept: KeptDatabase, tmp_path: Path) -> None:
    """As when a backup is restored, or a home removed: else all would go into a file that has no name any more."""
    assert count(kept) == 1
    other = Database(tmp_path / "backup" / "state.db")
    for _ in range(7):
        count(other)
    for name in ("state.db-wal", "state.db-shm"):
        (tmp_path / name).unlink(missing_ok=True)
    other.path.replace(kept.path)
    assert count(kept) == 8
    shutil.rmtree(tmp_path)
    assert count(kept) == 1
    assert kept.path.exists()


def test_a_database_that_cannot_be_written_says_so_and_is_used_again_once_it_can(kept: KeptDatabase) -> None:
    count(kept)
    kept.close()
    with closing(sqlite3.connect(kept.path)) as file:
        (version,) = file.execute("SELECT version_num FROM alembic_version").fetchone()
        file.execute("UPDATE alembic_version SET version_num = '9999'")
        file.commit()
    with pytest.raises(StateError, match="upgrade it"):
        count(kept)
    with closing(sqlite3.connect(kept.path)) as file:
        file.execute("UPDATE alembic_version SET version_num = ?", (version,))
        file.commit()
    assert count(kept) == 2


def test_who_waited_in_vain_is_the_only_one_who_waits(tmp_path: Path) -> None:
    """A program that ends with hundreds of budgets would wait for each of them."""
    kept = KeptDatabase(tmp_path / "state.db", wait_s=0.5)
    count(kept)
    with closing(sqlite3.connect(kept.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for _ in range(40):
            with pytest.raises(StateError, match="locked"):
                count(kept)
        assert time.monotonic() - began < 20
        other.execute("ROLLBACK")
    assert count(kept) == 2
    kept.close()


def _count_often(store: Database) -> None:
    for _ in range(TIMES):
        count(store)


def test_children_that_are_forked_while_threads_are_in_transactions_have_their_own(kept: KeptDatabase) -> None:
    """SQLite keeps what it has locked in the memory of the process, which a child has a copy of."""
    require(hasattr(os, "fork"), "fork, which this system starts no processes by")
    context = multiprocessing.get_context("fork")
    ended = threading.Event()
    given: list[int] = []

    def work() -> None:
        while not ended.is_set():
            given.append(count(kept))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    children = []
    for _ in range(4):
        children.append(context.Process(target=_count_often, args=(kept,)))
        children[-1].start()
    for child in children:
        child.join(60)
        assert child.exitcode == 0
    ended.set()
    for thread in threads:
        thread.join()
    with kept.reading() as connection:
        assert last_id(connection, "thing") == len(given) + 4 * TIMES

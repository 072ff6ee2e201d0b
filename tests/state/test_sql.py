"""The store of servers: which databases it takes, what it costs programs that need none, connections that break."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from agentgauge.errors import StateError
from agentgauge.settings.server import get_server_settings
from agentgauge.state.database import Database
from agentgauge.state.identifiers import last_id, next_id
from agentgauge.state.opening import served_state, shared_state
from agentgauge.state.sql import SqlStore


@pytest.fixture
def postgres(postgres_url: str) -> Iterator[SqlStore]:
    store = SqlStore(postgres_url)
    store.prepare()
    yield store
    store.close()


def _count(store: SqlStore) -> int:
    with store.transaction() as connection:
        return next_id(connection, "thing")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://ann:hush@db/gauge", "mysql:// is no database that agentgauge keeps state in"),
        ("postgresql+asyncpg://ann:hush@db/gauge", r"postgresql\+asyncpg://"),
        ("postgresql://ann:hush@db", "postgresql://db names no database: end it with /name"),
        ("postgresql://ann:hush@db:port/gauge", "cannot be read: write postgresql://"),
        ("sqlite://", "names no database"),
    ],
)
def test_a_url_of_no_database_is_refused_without_repeating_its_password(url: str, said: str) -> None:
    with pytest.raises(StateError, match=said) as refused:
        SqlStore(url)
    assert "hush" not in str(refused.value)


def test_a_database_that_is_not_there_is_named_without_its_password(postgres_url: str) -> None:
    elsewhere = (
        postgres_url.rpartition("/")[0].replace("agentgauge@", "agentgauge:hush@") + "/missing?application_name=x"
    )
    with pytest.raises(
        StateError, match=r'agentgauge:\*\*\*@.*/missing cannot be used: .*"missing" does not exist'
    ) as said:
        SqlStore(elsewhere).prepare()
    assert "hush" not in str(said.value)
    assert "AGENTGAUGE_DATABASE_URL" in str(said.value)


def test_connections_that_the_server_closed_are_made_anew(postgres: SqlStore, postgres_url: str) -> None:
    assert _count(postgres) == 1
    with psycopg.connect(postgres_url) as other:
        ended = other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        ).fetchall()
    assert ended
    assert _count(postgres) == 2


def test_a_connection_that_breaks_in_a_transaction_keeps_nothing_of_it(postgres: SqlStore, postgres_url: str) -> None:
    assert _count(postgres) == 1

    def break_within() -> None:
        with postgres.transaction() as connection:
            next_id(connection, "thing")
            with psycopg.connect(postgres_url) as other:
                (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
                other.execute("SELECT pg_terminate_backend(%s)", (pid,))
            next_id(connection, "thing")

    with pytest.raises(StateError, match="cannot be used: "):
        break_within()
    assert _count(postgres) == 2


def test_one_writer_keeps_others_out_of_the_database_and_no_readers(postgres: SqlStore, postgres_url: str) -> None:
    _count(postgres)
    with postgres.transaction() as connection:
        next_id(connection, "thing")
        with psycopg.connect(postgres_url) as other:
            held = other.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted").fetchone()
            assert held == (1,)
        with postgres.reading() as reading:
            assert last_id(reading, "thing") == 1


def test_a_server_uses_the_database_of_its_settings_and_else_the_file_of_its_home(
    tmp_path: Path, postgres_url: str
) -> None:
    own = get_server_settings(tmp_path, {})
    assert served_state(own).path == tmp_path / "state.db"
    command = shared_state(own)
    assert isinstance(command, Database)
    assert command.path == tmp_path / "state.db"
    named = get_server_settings(tmp_path, {"AGENTGAUGE_DATABASE_URL": postgres_url})
    served = served_state(named)
    for store in (served, shared_state(named)):
        assert store.name == postgres_url
        store.upgrade()
    served.close()
    assert not (tmp_path / "state.db").exists()


def test_commands_on_the_file_of_a_home_do_not_load_sqlalchemy(tmp_path: Path) -> None:
    program = f"""
import sys
from agentgauge.settings.server import get_server_settings
from agentgauge.state.agents import AgentBook, AgentName
from agentgauge.state.alerts import AlertBook
from agentgauge.state.budgets import BudgetBook
from agentgauge.state.keys import KeyBook
from agentgauge.state.opening import shared_state
store = shared_state(get_server_settings({str(tmp_path)!r}))
AgentBook(store).ids([AgentName("coder")])
print([name for name in ("sqlalchemy", "alembic", "psycopg", "duckdb") if name in sys.modules])
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"


def test_what_waits_for_a_lock_gives_up_with_an_error(
    postgres: SqlStore, monkeypatch: pytest.MonkeyPatch, postgres_url: str
) -> None:
    _count(postgres)
    monkeypatch.setattr("agentgauge.state.sql.WAIT_SECONDS", 0.05)
    other = SqlStore(postgres_url, keep_open=False)
    with postgres.transaction(), pytest.raises(StateError, match="lock timeout"), other.transaction():
        pass

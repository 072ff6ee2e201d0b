"""One schema, whoever made the database and whoever goes on: the plain file, or Alembic on SQLite or PostgreSQL."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlglot

from agentgauge.errors import StateError
from agentgauge.state.agents import AgentBook, AgentName
from agentgauge.state.alerts import AlertBook, Figures
from agentgauge.state.database import Database
from agentgauge.state.recommendations import RecommendationBook
from agentgauge.state.schema import MARKS, migrations
from agentgauge.state.sql import SqlStore

NEWEST = migrations()[-1].version
OLDER = range(NEWEST)
Opener = Callable[[Path], Database | SqlStore]
_FINDING = (
    "INSERT INTO cost_recommendations VALUES (1, 'pause_agent', 'tester', '', '', '', 'accepted', 5, 6, '{}')",
    "INSERT INTO recommendation_decisions VALUES (1, 1, 'accepted', 7, '{\"saved\":1}')",
    "UPDATE identifiers SET last = 1 WHERE name = 'recommendation'",
)
"""What a database of the first version holds."""
_ALERT = (
    (
        "INSERT INTO performance_alerts (id, condition, rule, project, type, severity, metric, message, status, "
        "detected_at, updated_at, version) "
        "VALUES (1, 'c', 'r', '', 'anomaly', 'info', 'cost', 'odd', 'active', 3, 4, 1)"
    ),
    "INSERT INTO alert_steps VALUES (1, 1, 1, 'opened', 3, NULL, 'active', 'info', '{\"message\":\"odd\"}')",
    "INSERT INTO identifiers VALUES ('alert', 1)",
)
"""What one of the first version with steps of alerts holds."""
_OF_ALERT = 11


def _statements(version: int, marks: str) -> list[str]:
    """What makes a database of an older version, with something in it."""
    made: list[str] = []
    for migration in migrations()[:version]:
        made += migration.statements
        made += {1: _FINDING, _OF_ALERT: _ALERT}.get(migration.version, ())
    if marks == "alembic_version" and version:
        made += [MARKS, f"INSERT INTO alembic_version VALUES ('{version:04d}')"]
    elif marks == "user_version":
        made.append(f"PRAGMA user_version = {version}")
    return made


def _once(url: str) -> SqlStore:
    return SqlStore(url, keep_open=False)


def _file(path: Path) -> SqlStore:
    return _once(f"sqlite:///{path}")


OPENERS = pytest.mark.parametrize("open_", [Database, _file], ids=["plain", "alembic"])


def _make_file(path: Path, version: int, marks: str) -> None:
    with closing(sqlite3.connect(path)) as file, file:
        for statement in _statements(version, marks):
            file.execute(statement)


def _tables_of(path: Path) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(path)) as file:
        return file.execute(
            "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%alembic%' AND sql IS NOT NULL ORDER BY name"
        ).fetchall()


def _check_kept(store: Database | SqlStore, version: int) -> None:
    (kept,) = RecommendationBook(store).all()
    assert (kept.id, kept.key.agent, kept.status, kept.project) == (1, "tester", "accepted", None)
    assert [decision.figures for decision in kept.decisions] == [b'{"saved":1}']
    if version >= _OF_ALERT:
        case = AlertBook(store).case(1)
        assert (case.alert.message, case.alert.evidence) == ("odd", None)
        assert [(step.kind, step.figures) for step in case.history] == [("opened", Figures(message="odd"))]


def test_migrations_are_numbered_without_gaps() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, NEWEST + 1))


def test_migrations_keep_to_sql_that_postgresql_takes_too() -> None:
    """Every statement reads as PostgreSQL's, and has no word that SQLite alone knows or takes for another type."""
    foreign = re.compile(r"(?i)\b(autoincrement|without\s+rowid|strict|pragma|datetime|integer\s+primary|blob|real)\b")
    for migration in migrations():
        for statement in migration.statements:
            kind = sqlglot.parse_one(statement, dialect="postgres").key
            assert kind in ("create", "insert", "update", "alter", "drop")
            code = re.sub(r"--.*", "", statement)
            assert not foreign.search(code), f"{migration.name}: {foreign.search(code)}"


@OPENERS
@pytest.mark.parametrize("marks", ["alembic_version", "user_version"])
@pytest.mark.parametrize("version", OLDER)
def test_a_file_of_every_older_version_becomes_what_a_new_one_is(
    tmp_path: Path, open_: Opener, version: int, marks: str
) -> None:
    new, old = Database(tmp_path / "new.db"), open_(tmp_path / "old.db")
    new.upgrade()
    _make_file(tmp_path / "old.db", version, marks)
    assert old.version() == version
    with old.transaction():
        pass
    assert old.version() == NEWEST
    assert _tables_of(tmp_path / "old.db") == _tables_of(tmp_path / "new.db")
    if version:
        _check_kept(old, version)


@pytest.mark.parametrize("version", OLDER)
def test_a_postgresql_database_of_every_older_version_is_upgraded_when_it_is_told_to(
    postgres_url: str, version: int
) -> None:
    with psycopg.connect(postgres_url) as connection:
        for statement in _statements(version, "alembic_version"):
            connection.execute(statement.encode())
    store = _once(postgres_url)
    assert store.version() == version
    if version:
        with pytest.raises(StateError, match=f"schema version {version} .*agentgauge db upgrade"), store.transaction():
            pass
    assert store.upgrade() == version
    assert store.version() == NEWEST
    if version:
        _check_kept(store, version)


@pytest.mark.parametrize("first", ["plain", "alembic"])
def test_either_goes_on_with_the_file_that_the_other_made(tmp_path: Path, first: str) -> None:
    path = tmp_path / "state.db"
    plain, other = Database(path), _file(path)
    making, reading = (plain, other) if first == "plain" else (other, plain)
    assert AgentBook(making).ids([AgentName("coder")]) == {AgentName("coder"): 1}
    assert AgentBook(reading).ids([AgentName("tester")]) == {AgentName("tester"): 2}
    assert [agent.id for agent in AgentBook(making).all()] == [1, 2]
    assert plain.upgrade() == other.upgrade() == NEWEST


@OPENERS
def test_a_file_of_a_newer_version_is_refused(tmp_path: Path, open_: Opener) -> None:
    Database(tmp_path / "state.db").upgrade()
    with closing(sqlite3.connect(tmp_path / "state.db")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")
    newer = open_(tmp_path / "state.db")
    with pytest.raises(StateError, match=r"state\.db is of schema version 9999; .*upgrade it"), newer.transaction():
        pass


def test_a_newer_postgresql_database_is_refused(postgres_url: str) -> None:
    _once(postgres_url).upgrade()
    with psycopg.connect(postgres_url) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StateError, match="is of schema version 9999"):
        _once(postgres_url).prepare()
    with pytest.raises(StateError, match="is of schema version 9999"):
        _once(postgres_url).upgrade()


def test_the_database_of_another_program_is_left_alone(postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute(MARKS.encode())
        connection.execute("INSERT INTO alembic_version VALUES ('ae1027a6acf')")
    with pytest.raises(StateError, match=r"ae1027a6acf.*another program's"):
        _once(postgres_url).prepare()


def test_an_older_agentgauge_that_looks_for_another_mark_refuses_the_file_too(tmp_path: Path) -> None:
    for open_ in (Database, _file):
        path = tmp_path / f"{open_.__name__}.db"
        open_(path).upgrade()
        with closing(sqlite3.connect(path)) as file:
            assert file.execute("PRAGMA user_version").fetchone() == (NEWEST,)


@OPENERS
def test_a_migration_that_fails_leaves_the_version_before_it(
    tmp_path: Path, open_: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    Database(tmp_path / "state.db").upgrade()
    known = migrations()
    broken = type(known[0])(NEWEST + 1, "broken.sql", ("CREATE TABLE half (a TEXT);", "CREATE nonsense;"))
    for module in ("database", "sql", "upgrading", "schema"):
        monkeypatch.setattr(f"agentgauge.state.{module}.migrations", lambda: (*known, broken))
    with pytest.raises(StateError, match="syntax"):
        open_(tmp_path / "state.db").upgrade()
    assert Database(tmp_path / "state.db").version() == NEWEST
    assert "half" not in dict(_tables_of(tmp_path / "state.db"))


def test_times_and_amounts_can_be_told_by_the_names_of_their_columns(postgres_url: str) -> None:
    """Which `agentgauge.state.models` relies on."""
    _once(postgres_url).upgrade()
    with psycopg.connect(postgres_url) as connection:
        found = connection.execute(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        ).fetchall()
    assert {kind for name, kind in found if name.endswith("_at")} == {"bigint"}
    assert {kind for name, kind in found if name.endswith("_usd")} == {"text"}

"""`agentgauge db`, on the file of a home and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from agentgauge.state.schema import migrations
from tests.cli.conftest import Run

NEWEST = migrations()[-1].version


def test_an_empty_home_is_upgraded_and_then_up_to_date(run: Run, document: Callable[..., Any], tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert document("db", "status", "--home", home, code=1) == {
        "database": str(home / "state.db"),
        "version": 0,
        "newest": NEWEST,
        "current": False,
    }
    assert not home.exists()
    assert f"empty; this agentgauge needs {NEWEST}" in run("db", "status", "--home", home).output
    assert document("db", "upgrade", "--home", home)["before"] == 0
    assert document("db", "status", "--home", home)["current"] is True
    assert "was up to date" in run("db", "upgrade", "--home", home).output


def test_an_older_postgresql_database_is_refused_until_it_is_upgraded(
    run: Run, document: Callable[..., Any], postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DATABASE_URL", postgres_url)
    with psycopg.connect(postgres_url) as connection:
        for statement in migrations()[0].statements:
            connection.execute(statement.encode())
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.execute("INSERT INTO alembic_version VALUES ('0001')")
    refused = run("keys", "list")
    assert refused.exit_code == 2
    assert f"schema version 1 and this agentgauge needs {NEWEST}" in refused.output
    assert "agentgauge db upgrade" in refused.output
    assert document("db", "status", code=1)["version"] == 1
    assert document("db", "upgrade") == {"database": postgres_url, "before": 1, "version": NEWEST}
    assert run("keys", "list").exit_code == 0


def test_a_database_that_cannot_be_reached_is_named_without_its_password(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DATABASE_URL", "postgresql://ann:hush@127.0.0.1:1/gauge?sslpassword=hush")
    refused = run("db", "status")
    assert refused.exit_code == 2
    assert "postgresql://ann:***@127.0.0.1:1/gauge cannot be used: " in refused.output
    assert "hush" not in refused.output
    assert "AGENTGAUGE_DATABASE_URL" in refused.output

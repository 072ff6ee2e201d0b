"""Health, readiness and the system page, of the application in this process."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

import agentgauge
from agentgauge.api.app import create_app
from agentgauge.service.readiness import OK, ReadinessProbe
from agentgauge.settings import get_settings
from agentgauge.settings.server import get_server_settings
from agentgauge.state.opening import served_state

URL = "http://127.0.0.1"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with agentgauge.open(tmp_path / "home", project="shop") as gauge:
        gauge.task("turn", agent="coder")
    return tmp_path / "home"


@pytest.fixture
def client(home: Path) -> Iterator[TestClient]:
    with TestClient(create_app(get_server_settings(home)), base_url=URL) as client:
        yield client


class _Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        self.seconds += 10  # every look is long after the one before
        return self.seconds


@pytest.fixture
def probe(client: TestClient, home: Path) -> Iterator[ReadinessProbe]:
    """Of the same home as `client`, whose server has made it ready."""
    settings = get_server_settings(home)
    with closing(served_state(settings)) as state:
        yield ReadinessProbe(settings.recording, state, _Clock())


def test_a_server_that_can_do_its_work_says_so_without_a_key(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "journal": OK, "state": OK, "lake": OK}


def test_state_of_another_version_is_named(probe: ReadinessProbe, home: Path) -> None:
    with closing(sqlite3.connect(home / "state.db", isolation_level=None)) as state:
        state.execute("UPDATE alembic_version SET version_num = '9999'")
    found = probe.look()
    assert not found.is_ready
    assert found.state.startswith("schema version 9999, not ")
    assert (found.journal, found.lake) == (OK, OK)


def test_state_that_is_no_database_is_named(probe: ReadinessProbe, home: Path) -> None:
    for name in ("state.db-wal", "state.db-shm"):
        (home / name).unlink(missing_ok=True)
    (home / "state.db").write_bytes(b"nothing of the kind" * 1000)
    assert probe.look().state == "cannot be read"


def test_a_journal_that_cannot_be_written_is_named(probe: ReadinessProbe, home: Path) -> None:
    shutil.rmtree(home / "journal")
    (home / "journal").touch()
    assert probe.look().journal == "cannot be used"


def test_a_journal_that_is_full_is_named(client: TestClient, home: Path) -> None:
    settings = get_settings(home, {"AGENTGAUGE_JOURNAL_MAX_MB": "0"})
    with closing(served_state(get_server_settings(home))) as state:
        assert ReadinessProbe(settings, state).look().journal == "full: it is to be compacted"


def test_a_lake_that_cannot_be_read_is_named_and_is_ready_again_when_it_is_mended(
    probe: ReadinessProbe, client: TestClient, home: Path
) -> None:
    client.app.state.runtime.meter.lake.compact()  # type: ignore[attr-defined]
    log = home / "lake" / "events" / "_delta_log"
    log.rename(home / "aside")
    log.mkdir()
    (log / f"{0:020}.json").write_text("no entry")
    assert probe.look().lake == "cannot be read"
    shutil.rmtree(log)
    (home / "aside").rename(log)
    assert probe.look().is_ready


def test_who_asks_while_a_look_takes_long_does_not_wait_for_it(client: TestClient, home: Path) -> None:
    settings = get_server_settings(home)
    looking, go_on = threading.Event(), threading.Event()

    def clock() -> float:
        looking.set()
        go_on.wait()
        return 0.0

    with closing(served_state(settings)) as state, ThreadPoolExecutor(1) as threads:
        probe = ReadinessProbe(settings.recording, state, clock, patience_s=0)
        first = threads.submit(probe.look)
        looking.wait()
        meanwhile = probe.look()
        go_on.set()
        assert not meanwhile.is_ready
        assert first.result().is_ready


def test_what_is_wrong_is_told_with_503_and_without_paths(client: TestClient, home: Path) -> None:
    shutil.rmtree(home / "journal")
    (home / "journal").touch()
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "not ready"
    assert str(home) not in answer.text
    assert client.get("/healthz").status_code == 200


def test_the_system_page_has_server_state_cache_jobs_and_home(client: TestClient) -> None:
    found: dict[str, Any] = client.get("/api/v1/system").json()
    assert found["server"]["workers"] == 1
    assert found["state"]["database"] == "sqlite"
    assert found["state"]["schema_version"] == found["state"]["needed_version"]
    assert found["readiness"] == {"journal": OK, "state": OK, "lake": OK}
    assert found["home"]["events"] == 1
    assert found["cache"]["hits"] == 0
    assert isinstance(found["job_runs"], list)

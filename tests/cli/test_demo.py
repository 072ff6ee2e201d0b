"""`agentgauge demo`."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3

from agentgauge.events.fields import TOKEN_NAMES
from tests.cli.conftest import Run
from tests.servers.serving import start

Ask = Callable[..., Any]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the demo goes when nobody says: below a temporary directory of this test's own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_the_demo_is_the_recorded_session_moved_to_end_now(document: Ask, place: Path) -> None:
    answer = document("demo")
    overview = answer["report"]["overview"]
    assert (overview["calls"], overview["cache_read_tokens"], overview["output_tokens"]) == (484, 54_693_675, 187_895)
    assert overview["cost_usd"].startswith("42.5959")
    ends = datetime.fromisoformat(overview["last"])
    assert timedelta(0) <= datetime.now(UTC) - ends < timedelta(minutes=2)
    assert datetime.fromisoformat(answer["recorded_until"]).year == 2025
    assert sum(bucket["calls"] for bucket in answer["report"]["over_time"]["rows"]) == 484
    assert set(TOKEN_NAMES) <= set(overview)


def test_what_the_demo_suggests_works_on_what_it_made(run: Run, place: Path) -> None:
    shown = run("demo").stdout
    suggested = next(line for line in shown.splitlines() if " report --home " in line)
    again = run("report", *suggested.partition(" report ")[2].split())
    assert (again.exit_code, "bash" in again.stdout) == (0, True)


def test_the_screen_says_what_it_is_and_that_times_are_moved(run: Run, place: Path) -> None:
    shown = run("demo").stdout
    for part in ("pi-mono", "MIT", "moved", "$42.60", "Prompt cache", "bash", "█", "agentgauge import"):
        assert part in shown


def test_a_second_demo_replaces_the_first(document: Ask, place: Path) -> None:
    first = document("demo")
    second = document("demo")
    assert second["home"] == first["home"]
    assert second["report"]["overview"]["calls"] == 484


def test_an_empty_directory_will_do(document: Ask, tmp_path: Path) -> None:
    made = tmp_path / "made"
    made.mkdir()
    assert document("demo", "--home", made)["home"] == str(made)
    assert document("report", "--home", made)["overview"]["calls"] == 484


def test_a_link_is_no_place_for_a_demo(run: Run, tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "target")
    result = run("demo", "--home", tmp_path / "link")
    assert (result.exit_code, list((tmp_path / "target").iterdir())) == (2, [])


def test_the_demo_removes_nothing_that_is_not_a_demo(run: Run, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "thesis.txt").write_text("years of work")
    result = run("demo", "--home", own)
    assert result.exit_code == 2
    assert (own / "thesis.txt").exists()


def test_the_demo_works_where_recording_is_switched_off(
    document: Ask, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DISABLED", "1")
    assert document("demo")["report"]["overview"]["calls"] == 484


def test_the_demo_can_be_served_and_asks_for_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "from agentgauge.cli import main; main()", "demo"]
    options = ["--serve", "--port", "0", "--home", str(tmp_path / "demo")]
    elsewhere = {"AGENTGAUGE_DATABASE_URL": "postgresql://nobody@127.0.0.1:9/nothing"}  # of the user's own home
    with (tmp_path / "log").open("w") as log:
        server = start([*command, *options], {**os.environ, **elsewhere}, errors=log)
    try:
        page = urllib3.request("GET", f"{server.url}/", headers={"Accept": "text/html"}, timeout=60)
        assert (page.status, b"$42.60" in page.data) == (200, True)
    finally:
        server.kill()

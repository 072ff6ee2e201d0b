"""`agentgauge alerts test-notification`, and notifications as servers and commands send them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from agentgauge.settings import Home
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.database import state_of
from tests.cli.conftest import Run
from tests.servers.ports import free_port
from tests.servers.serving import served
from tests.service.notifying.receivers import http_receiver, mail_server

SILENCE = Detected(condition="silence", type="no_data", severity="critical", metric="events", message="coder is silent")


def detect(home: Path) -> None:
    AlertBook(state_of(Home(home, ""))).detect(SILENCE, datetime.now(UTC))


def test_every_channel_is_sent_a_test_message(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as received, mail_server() as mailed:
        monkeypatch.setenv("AGENTGAUGE_NOTIFY", f"{received.url} {mailed.url}")
        done = run("alerts", "test-notification", "--home", tmp_path)
        assert done.exit_code == 0, done.output
        assert done.stdout.splitlines() == [
            f"json (json://localhost:{received.port}/***): delivered",
            f"mailto (mailto://localhost:{mailed.port}/***): delivered",
        ]
        run("alerts", "test-notification", "mailto", "--home", tmp_path)
    assert (len(received.all), len(mailed.all)) == (1, 2)
    assert mailed.messages[0].get_content().startswith("Channel mailto can be told of alerts: severities critical;")


def test_one_that_is_not_delivered_says_why_and_ends_with_one(
    tmp_path: Path, document: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_NOTIFY", f"json://localhost:{free_port()}/T0ps3cret")
    (tried,) = document("alerts", "test-notification", "--home", tmp_path, code=1)
    assert not tried["delivered"]
    assert "Connection refused" in tried["problem"]
    assert "T0ps3cret" not in str(tried)


def test_without_channels_it_says_how_to_set_one(tmp_path: Path, run: Run) -> None:
    done = run("alerts", "test-notification", "--home", tmp_path)
    assert done.exit_code == 2
    assert "set AGENTGAUGE_NOTIFY to a URL" in done.stderr


def test_what_is_due_is_sent_without_a_server(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_receiver() as received:
        monkeypatch.setenv("AGENTGAUGE_NOTIFY", received.url)
        run("alerts", "test-notification", "--home", tmp_path)
        detect(tmp_path)
        done = run("jobs", "run", "notifications", "--home", tmp_path)
        assert done.stdout == "notifications succeeded: 1 message sent\n"
        assert "0 messages sent" in run("jobs", "run", "notifications", "--home", tmp_path).stdout
    assert [body["title"] for body in received.bodies[1:]] == ["critical: no data (alert 1)"]


def test_a_file_that_cannot_be_used_is_the_jobs_failure_and_the_doctors_problem(tmp_path: Path, run: Run) -> None:
    (tmp_path / "alerts.toml").write_text('[[channel]]\nname = "ops"\nurl_env = "OPS_URL"\n')
    done = run("jobs", "run", "notifications", "--home", tmp_path)
    assert (done.exit_code, "channel 'ops': OPS_URL is not set" in done.stdout) == (1, True)
    assert "OPS_URL is not set" in " ".join(run("doctor", "--home", tmp_path).stdout.split())


def test_the_doctor_says_who_was_not_told(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    monkeypatch.setenv("AGENTGAUGE_NOTIFY", f"json://localhost:{port}/T0ps3cret")
    run("alerts", "test-notification", "--home", tmp_path)
    healthy = run("doctor", "--home", tmp_path).stdout
    assert "No problems." in healthy
    assert f"json (json://localhost:{port}/***)" in healthy
    detect(tmp_path)
    run("jobs", "run", "notifications", "--home", tmp_path)
    done = run("doctor", "--home", tmp_path)
    said = " ".join(done.stdout.split())
    assert done.exit_code == 1
    assert f"channel json (json://localhost:{port}/***) was not told of 1 step of alerts since" in said
    assert "see 'agentgauge alerts test-notification json'" in said
    assert "T0ps3cret" not in said
    monkeypatch.delenv("AGENTGAUGE_NOTIFY")
    said = " ".join(run("doctor", "--home", tmp_path).stdout.split())
    assert "channel json is in no settings, and 1 step of alerts waited for it" in said


def test_a_server_of_several_workers_tells_once_and_soon_after_it_has_started(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with http_receiver() as received:
        monkeypatch.setenv("AGENTGAUGE_NOTIFY", received.url)
        run("alerts", "test-notification", "--home", tmp_path)
        detect(tmp_path)
        with served(tmp_path, "--workers", "2", environment={"AGENTGAUGE_NOTIFY": received.url}):
            received.wait_for(2)
    assert len(received.all) == 2  # the test message, and the alert


@pytest.mark.parametrize("words", [["-m", "agentgauge", "serve", "--port", "0"], ["-m", "agentgauge.service.jobs"]])
def test_a_url_that_apprise_cannot_read_is_refused_when_a_server_starts(tmp_path: Path, words: list[str]) -> None:
    environ = {**os.environ, "AGENTGAUGE_HOME": str(tmp_path), "AGENTGAUGE_NOTIFY": "slack://T0ps3cret"}
    done = subprocess.run(
        [sys.executable, *words], env=environ, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "channel 'slack' (slack://***): Apprise cannot read its URL" in done.stderr
    assert "T0ps3cret" not in done.stderr
    assert done.stderr.count("\n") == 1

"""`agentgauge jobs`, and the jobs as a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.settings import get_settings
from agentgauge.state.database import state_of
from agentgauge.state.job_runs import JobRuns
from tests.cli.conftest import Run


def test_a_job_is_run_and_listed_with_what_came_of_it(tmp_path: Path, run: Run, document: Callable[..., Any]) -> None:
    with agentgauge.open(home=tmp_path) as gauge:
        gauge.task("build", 12)
    home = ["--home", tmp_path]
    assert "roll-up succeeded: 1 event landed" in run("jobs", "run", "roll-up", *home).stdout
    shown = run("jobs", "list", *home).stdout
    assert "succeeded: 1 event landed" in shown
    assert "never" in shown
    states = {state["name"]: state for state in document("jobs", "list", *home)}
    assert states["roll-up"]["last"]["status"] == "succeeded"
    assert states["clean-up"]["last"] is None


def test_the_list_is_no_wider_in_a_pipe_than_one_can_read(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    said = " ".join(["150 rows of budgets were compared."] * 6)
    now, book = datetime.now(UTC), JobRuns(state_of(get_settings(tmp_path, {}).home))
    book.succeeded(book.start("budgets", now, "here", now), now, said)
    shown = run("jobs", "list", "--home", tmp_path).stdout
    assert shown.count("compared.") == 6
    assert max(map(len, shown.splitlines())) <= 120


@pytest.mark.parametrize("job", ["alert-rules", "notifications"])
def test_what_is_wrong_with_a_file_is_said_once(tmp_path: Path, job: str) -> None:
    (tmp_path / "alerts.toml").write_text("[[rule")
    command = [sys.executable, "-m", "agentgauge", "jobs", "run", job, "--home", str(tmp_path)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ran.stdout.count("is not valid TOML"), ran.stderr) == (1, "")


def test_a_mistyped_job_is_answered_with_the_one_that_was_meant(run: Run) -> None:
    result = run("jobs", "run", "rollup")
    assert result.exit_code == 2
    assert "did you mean roll-up?" in result.stderr


def test_the_jobs_run_alone_until_they_are_told_to_end(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agentgauge.service.jobs"],
        env={**os.environ, "AGENTGAUGE_HOME": str(tmp_path), "AGENTGAUGE_RETENTION_DAYZ": "30"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "agentgauge: running the jobs\n"
    process.send_signal(signal.SIGTERM)
    _, logged = process.communicate(timeout=60)
    assert process.returncode == 0
    assert (
        "AGENTGAUGE_RETENTION_DAYZ is no setting, and does nothing: did you mean AGENTGAUGE_RETENTION_DAYS?" in logged
    )

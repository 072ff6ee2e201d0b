"""`agentgauge jobs`, and the jobs as a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import agentgauge
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


def test_a_mistyped_job_is_answered_with_the_one_that_was_meant(run: Run) -> None:
    result = run("jobs", "run", "rollup")
    assert result.exit_code == 2
    assert "did you mean roll-up?" in result.stderr


def test_the_jobs_run_alone_until_they_are_told_to_end(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "agentgauge.service.jobs"],
        env={**os.environ, "AGENTGAUGE_HOME": str(tmp_path)}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "agentgauge: running the jobs\n"
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == 0

"""The supervisor runs as a program, and what it says it did is in its files and in the home."""

from __future__ import annotations

import csv
import re
import subprocess
import sys
from pathlib import Path

import pytest

from agentgauge.runs.models import Status
from agentgauge.runs.storage import MetricsStorage

EXAMPLE = Path(__file__).parents[2] / "examples" / "supervisor.py"


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What it prints, and where it ran."""
    folder = tmp_path_factory.mktemp("supervisor")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AGENTGAUGE_HOME", str(folder / "home"))
        patch.setenv("COLUMNS", "120")
        done = subprocess.run(
            [sys.executable, str(EXAMPLE)], cwd=folder, capture_output=True, text=True, timeout=120, check=False
        )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout, folder


def _rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / "logs" / "csv" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file, strict=True))


def test_it_says_what_became_of_each_issue_and_where_the_metrics_are(shown: tuple[str, Path]) -> None:
    text, folder = shown
    assert text.startswith(
        "issue 1: done\nissue 2: done\nissue 3: failed, the model did not answer\n[METRICS] Saved to: "
    )
    saved = re.search(r"^\[METRICS\] Saved to: (logs/runs/run_\d{8}_\d{6}_project_171)/$", text, re.MULTILINE)
    assert saved is not None
    assert (folder / saved[1] / "final_report.json").exists()


def test_its_run_reads_back_with_the_failure_and_what_was_mended(shown: tuple[str, Path]) -> None:
    storage = MetricsStorage(shown[1] / "logs")
    (summary,) = storage.list_runs()
    run = storage.load_run(summary.run_id)
    assert run.status == Status.FAILED
    assert {name: issue.status for name, issue in run.issues.items()} == {
        "1": "completed", "2": "completed", "3": "failed"
    }  # fmt: skip
    (error,) = run.issues["3"].errors
    assert (error.error_type, error.error_message) == ("TimeoutError", "the model did not answer")
    (cycle,) = run.issues["2"].debugging_cycles
    assert (cycle.resolved, cycle.errors) == (True, ["AssertionError"])
    assert [agent.attempt for agent in run.issues["2"].agents if agent.agent_type == "coding"] == [1, 2]
    code = run.issues["2"].code_metrics
    assert code is not None
    assert (code.files_created, code.lines_added) == (2, 4)
    assert run.total_cost_usd == pytest.approx((10_700 * 0.14 + 625 * 0.28) / 1e6)


def test_its_tables_have_a_row_for_everything_once(shown: tuple[str, Path]) -> None:
    text, folder = shown
    counts = {name: int(rows) for name, rows in re.findall(r"logs/csv/(\w+)\.csv: (\d+) rows", text)}
    assert counts == {
        "runs": 1, "issues": 3, "agents": 9, "pipelines": 3, "tool_usage": 6, "debugging_cycles": 1, "errors": 1
    }  # fmt: skip
    assert [row["status"] for row in _rows(folder, "issues")] == ["completed", "completed", "failed"]


def test_the_command_line_sees_its_agents(shown: tuple[str, Path]) -> None:
    report = shown[0].partition("$ agentgauge report --by role")[2]
    rows = {
        line.split()[0]: line.split()[1] for line in report.splitlines() if line.startswith(("plan", "cod", "test"))
    }
    assert rows == {"planning": "3", "coding": "3", "testing": "3"}

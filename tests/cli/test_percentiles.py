"""`agentgauge percentiles`, `agentgauge agent` and `agentgauge role`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from tests.cli.conftest import DAY, Run

Ask = Callable[..., Any]


def test_the_document_has_the_documented_figures(document: Ask, home: Path) -> None:
    answer = document("percentiles", "output_tokens", "--home", home)
    assert {"p50", "p75", "p90", "p95", "p99", "mean", "median", "std_dev", "count"} <= set(answer["rows"][0])
    assert (answer["rows"][0]["p50"], answer["way"], answer["exact"]) == (500, "raw", True)


def test_the_screen_marks_percentiles_of_few_values(run: Run, home: Path) -> None:
    assert "of fewer than 20" in run("percentiles", "latency", "--home", home).stdout
    table = run("percentiles", "latency", "--home", home, "--by", "model").stdout
    assert "900 ms*" in next(line for line in table.splitlines() if line.startswith("claude-opus-4-5"))


def test_cost_per_call_counts_what_has_no_price(run: Run, document: Ask, home: Path) -> None:
    asked = ("percentiles", "cost", "--per", "call", "--home", home)
    assert document(*asked)["rows"][0]["unpriced"] == 1
    assert "1 call without a known cost left out" in run(*asked).stdout


def test_an_agent_has_its_tasks_and_cost(run: Run, document: Ask, home: Path) -> None:
    answer = document("agent", "coder", "--home", home)
    assert (answer["tasks"], answer["successful_tasks"], answer["cost_per_task_usd"]) == (1, 1, "3.275")
    shown = run("agent", "coder", "--home", home).stdout
    assert "Cost per task" in shown
    assert "of fewer than 20" in shown


@pytest.mark.parametrize("command", ["agent", "role"])
def test_a_name_that_nothing_has_is_an_error_of_one_line(run: Run, home: Path, command: str) -> None:
    result = run(command, "codr", "--home", home)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert f"no {command} is called 'codr'" in result.stderr


@pytest.mark.parametrize("asked", [("agent", "coder"), ("role", "developer"), ("percentiles", "latency"), ("flame",)])
def test_the_screen_says_which_events_an_answer_is_of(run: Run, home: Path, asked: tuple[str, ...]) -> None:
    with agentgauge.open(home) as gauge, gauge.scope(role="developer"):
        gauge.task("turn", duration_ms=1, at=DAY)
    assert "everything recorded (UTC)\n" in run(*asked, "--home", home).stdout
    part = ("--since", "2026-03-01", "--until", "2026-03-02", "--where", "agent!=x")
    expected = "2026-03-01 00:00 to 2026-03-03 00:00 (UTC), where agent!=x\n"
    assert expected in run(*asked, "--home", home, *part).stdout


def test_percentiles_of_nothing_say_so(run: Run, home: Path) -> None:
    shown = run("percentiles", "latency", "--home", home, "--until", "2020-01-01").stdout
    assert shown == "Nothing is recorded: everything before 2020-01-02 00:00 (UTC).\n"


def test_cost_that_no_operation_has_says_why(run: Run, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "flat") as gauge:
        gauge.llm_call("gpt-4o", input_tokens=1000, output_tokens=300, at=DAY)
        gauge.task("review", duration_ms=10, at=DAY)
    for asked in ((), ("--by", "agent")):
        shown = run("percentiles", "cost", "--home", tmp_path / "flat", *asked).stdout
        assert "Nothing here has values of cost per operation" in shown
        assert "--per call asks about calls" in shown
        later = run("percentiles", "cost", "--home", tmp_path / "flat", *asked, "--since", "2027-01-01").stdout
        assert later == "Nothing is recorded: since 2027-01-01 00:00 (UTC).\n"


@pytest.mark.parametrize("columns", [60, 80, 140])
def test_lines_fit_the_screen(run: Run, home: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for asked in (("percentiles", "cost", "--per", "call", "--by", "agent,model"), ("agent", "coder")):
        shown = run(*asked, "--home", home).stdout
        assert max(map(len, shown.splitlines())) <= columns
        assert "…" not in shown

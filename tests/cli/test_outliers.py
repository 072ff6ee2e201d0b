"""`agentgauge outliers`."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from tests.cli.conftest import DAY, Run

Ask = Callable[..., Any]


@pytest.fixture
def spread(tmp_path: Path) -> Path:
    """Forty fast and forty slow operations, of each one far out; and five of another kind."""
    place, rng = tmp_path / "spread", random.Random(2)
    with agentgauge.open(place) as gauge:
        for i in range(40):
            for operation, ms in (("lint", 50), ("build", 60_000)):
                gauge.task(
                    operation, agent="coder", duration_ms=ms * rng.lognormvariate(0, 0.3) * (1 if i else 30),
                    quality_score=70 + rng.gauss(0, 3), at=DAY + timedelta(minutes=i),
                )  # fmt: skip
        for i in range(5):
            gauge.task("plan", agent="planner", duration_ms=100 + i, at=DAY + timedelta(minutes=i))
    return place


def test_each_operation_is_measured_against_its_own_kind(run: Run, spread: Path) -> None:
    shown = run("outliers", "execution_time", "--home", spread).stdout
    assert "2 outliers among 85 values of execution_time" in shown
    listed = shown.partition("Usual values")[0].splitlines()
    assert sorted(line.split()[3] for line in listed if line.startswith("2026")) == ["build", "lint"]


def test_a_kind_of_few_values_is_marked(run: Run, document: Ask, spread: Path) -> None:
    shown = run("outliers", "execution_time", "--home", spread).stdout
    assert next(line for line in shown.splitlines() if line.startswith("plan")).endswith("too few")
    assert "fewer than 10 values say little" in shown
    baselines = document("outliers", "execution_time", "--home", spread)["baselines"]
    assert [(row["key"], row["too_few"]) for row in baselines] == [("build", False), ("lint", False), ("plan", True)]


def test_the_documented_form_is_over_all_values_of_an_agent(document: Ask, spread: Path) -> None:
    answer = document(
        "outliers", "execution_time", "--home", spread, "--method", "z", "--by", "none", "--agent", "coder"
    )
    assert (answer["method"], answer["threshold"], answer["count"], answer["exact"]) == ("z", 3.0, 1, True)
    (found,) = answer["outliers"]
    assert (found["agent"], found["operation"], found["time"]) == ("coder", "build", "2026-03-02T10:00:00Z")
    assert found["deviation"] == pytest.approx(found["value"] - answer["baselines"][0]["baseline"]["mean"])
    assert found["id"] is None
    assert found["n"] > 0


def test_of_so_few_values_no_z_can_be_beyond_three_and_that_is_said(run: Run, spread: Path) -> None:
    shown = run("outliers", "execution_time", "--home", spread, "--method", "z", "--agent", "planner").stdout
    assert "0 outliers among 5 values" in shown
    assert "none has a z above (n - 1) / sqrt(n)" in shown


def test_those_beyond_the_limit_are_counted(run: Run, spread: Path) -> None:
    shown = run("outliers", "execution_time", "--home", spread, "--limit", 1).stdout
    assert "... and 1 nearer one" in shown


def test_nothing_is_said_to_be_nothing(run: Run, spread: Path) -> None:
    shown = run("outliers", "cost", "--home", spread)
    assert shown.exit_code == 0
    assert "Nothing in this window has values of cost." in shown.stdout
    assert "--per call" in shown.stdout


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("more", [(), ("--by", "name"), ("--method", "z", "--by", "none")])
def test_lines_fit_the_screen(
    run: Run, spread: Path, monkeypatch: pytest.MonkeyPatch, width: int, more: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = run("outliers", "execution_time", "--home", spread, *more).stdout
    assert max(map(len, shown.splitlines())) <= width
    assert "Usual values" in shown
    assert "…" not in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("success_rate",), "is a share"),
        (("cost", "--method", "iqr"), "z or robust"),
        (("cost", "--threshold", "0"), "above 0"),
        (("speed",), "no measurement is called"),
    ],
)
def test_a_wrong_question_ends_with_2_and_one_line(
    run: Run, spread: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run("outliers", *arguments, "--home", spread)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr

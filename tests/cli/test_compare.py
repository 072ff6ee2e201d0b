"""`agentgauge compare` and `agentgauge correlate`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from tests.cli.conftest import DAY, Run

Ask = Callable[..., Any]


@pytest.fixture
def tried(tmp_path: Path) -> Path:
    """Sixty issues, each worked on under two experiments; b succeeds less often and costs the same."""
    place = tmp_path / "tried"
    with agentgauge.open(place) as gauge:
        for number in range(60):
            for experiment in "ab":
                at = DAY + timedelta(minutes=number)
                won = number % 10 < (8 if experiment == "a" else 4)
                cost = f"0.{10 + (number * 7 + (experiment == 'b') * 3) % 40}"
                with gauge.scope(issue=f"X-{number}", run=f"{experiment}-{number}", feature=experiment):
                    gauge.llm_call("m1", input_tokens=number, output_tokens=1, cost_usd=cost, at=at)
                    gauge.task("fix", success=won, duration_ms=1000, at=at)
        gauge.llm_call("m1", issue="X-0", feature="a", input_tokens=1, output_tokens=1, at=DAY)
    return place


def test_a_sentence_says_what_is_shown(run: Run, tried: Path) -> None:
    shown = run("compare", "--home", tried, "--by", "feature")
    assert shown.exit_code == 0, shown.output
    sentence = "a succeeded in 80.0 % of 60 issues, b in 40.0 % of 60; a is better (p <0.001)."
    assert sentence in " ".join(shown.stdout.split())


def test_a_sentence_of_pairs_has_the_figures_that_the_difference_is_between(
    run: Run, document: Ask, tried: Path
) -> None:
    with agentgauge.open(tried) as gauge:
        for number in range(20):
            gauge.task("fix", success=True, issue=f"Y-{number}", feature="b", duration_ms=1000, at=DAY)
            gauge.llm_call("m1", issue=f"Y-{number}", feature="b", input_tokens=1, cost_usd="0.01", at=DAY)
    asked = ("compare", "--home", tried, "--by", "feature", "--paired")
    said = " ".join(run(*asked).stdout.split())
    assert "Of 60 issues that both have, a succeeded in 80.0 %, b in 40.0 %; a is better (p <0.001)." in said
    for metric in ("success", "cost_per_success"):
        (pair,) = document(*asked, "--metric", metric)["pairs"]
        assert pair["mean_a"] - pair["mean_b"] == pytest.approx(pair["difference"])
    said = " ".join(run(*asked, "--metric", "cost_per_success").stdout.split())
    a, b = (f"${pair[name]:.2f}" for name in ("mean_a", "mean_b"))
    assert f"Of 59 issues that both have, cost_per_success is {a} for a, {b} for b; " in said


def test_a_sentence_says_how_many_more_units_would_show_it(run: Run, tried: Path) -> None:
    shown = run("compare", "--home", tried, "--by", "feature", "--where", "issue=X-7", "--where", "issue=X-8").stdout
    assert "fewer than 10 issues: a, b" in shown
    said = " ".join(shown.split())
    assert "no difference shown (p = " in said
    assert " more issues per arm would show it." in said


def test_a_sentence_counts_the_pairs_that_were_tested(run: Run, tried: Path) -> None:
    with agentgauge.open(tried) as gauge:
        gauge.task("fix", success=True, issue="Y-1", feature="c", at=DAY)
    said = " ".join(run("compare", "--home", tried, "--by", "feature", "--metric", "duration").stdout.split())
    assert "too few issues to tell" in said
    assert "adjusted for" not in said  # of three pairs one could be tested


def test_the_document_has_the_documented_keys(document: Ask, tried: Path) -> None:
    found = document("compare", "--home", tried, "--by", "feature", "--paired")
    assert list(found)[:5] == ["metric", "unit", "arms", "pairs", "winner"]
    assert (found["metric"], found["unit"], found["winner"]) == ("success", "issue", "a")
    assert found["arms"][0]["mean"] == 0.8
    (pair,) = found["pairs"]
    assert (pair["a"], pair["b"], pair["verdict"], pair["needed_n"]) == ("a", "b", "better", 0)
    assert pair["method"] == "exact McNemar; Bonett-Price"


def test_what_is_left_out_is_said(run: Run, tried: Path) -> None:
    shown = run("compare", "--home", tried, "--by", "feature", "--metric", "cost").stdout
    assert "1 issue without a known cost left out, 1 of them with calls that are unpriced" in shown
    assert "59 issues in more than one arm: --paired compares each with itself" in shown


def test_a_unit_of_several_arms_without_the_metric_counts_once(run: Run, document: Ask, tried: Path) -> None:
    with agentgauge.open(tried) as gauge:
        for number, experiment in enumerate("ab"):
            gauge.measurement("depth", number, "1", issue="X-0", feature=experiment, at=DAY)
    asked = ("compare", "--home", tried, "--by", "feature", "--metric", "depth")
    assert document(*asked)["without"] == 59
    said = " ".join(run(*asked).stdout.split())
    assert "59 issues without a known depth left out, 118 with those of several arms counted in each" in said
    assert "100.0 %" not in said  # a depth of 1, whose unit says only that it has none


def test_a_task_of_two_models_is_an_arm_whose_money_is_elsewhere(run: Run, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for issue, models in (("1", "a"), ("2", "b"), ("3", "ab")):
            with gauge.span("fix", issue=issue):
                for model in models:
                    gauge.llm_call(model, input_tokens=1, cost_usd="0.1")
    said = " ".join(run("compare", "--home", tmp_path, "--by", "model").stdout.split())
    assert "a + b: tasks whose calls have several models; what those calls cost, and their tokens, are in" in said
    assert "a + b" not in run("compare", "--home", tmp_path, "--by", "model", "--metric", "cost").stdout


@pytest.mark.parametrize("columns", ["80", "140"])
def test_a_table_has_no_line_that_is_wider_than_the_screen(
    run: Run, tried: Path, columns: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    shown = run("compare", "--home", tried, "--by", "feature", "--metric", "cost_per_success").stdout
    assert max(map(len, shown.splitlines())) <= int(columns)
    assert "no difference shown" in shown or "better" in shown


def test_chosen_arms_alone_are_compared(document: Ask, tried: Path) -> None:
    chosen = ["--arm", "b-1", "--arm", "a-1"]
    found = document("compare", "--home", tried, "--by", "run", "--metric", "tokens", *chosen)
    assert [arm["name"] for arm in found["arms"]] == ["b-1", "a-1"]


def test_an_arm_that_there_is_not_is_refused_with_those_there_are(run: Run, tried: Path) -> None:
    refused = run("compare", "--home", tried, "--by", "feature", "--arm", "a", "--arm", "c")
    assert refused.exit_code == 2
    assert "no feature is 'c'; there are a, b" in refused.stderr


def test_metrics_are_related_over_units(run: Run, document: Ask, tried: Path) -> None:
    found = document("correlate", "cost", "tokens", "success", "--home", tried)
    assert [(pair["a"], pair["b"], pair["n"]) for pair in found["pairs"]] == [
        ("cost", "tokens", 59),
        ("cost", "success", 59),
        ("tokens", "success", 60),
    ]
    shown = run("correlate", "cost", "tokens", "--home", tried).stdout
    assert "Rank correlations over issues" in shown
    assert "not known: cost of 1 issue" in shown


def test_metrics_are_related_over_time(document: Ask, tried: Path) -> None:
    found = document("correlate", "duration", "tokens", "--bucket", "hour", "--home", tried, "--tz", "UTC")
    assert (found["over"], found["pairs"][0]["n"]) == ("hour", 1)
    assert found["pairs"][0]["rho"] is None


def test_where_no_event_has_the_unit_those_that_there_are_are_named(run: Run, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        for number in range(6):
            gauge.task("work", success=True, agent="ab"[number % 2], ticket=f"T-{number}", run=f"r-{number}", at=DAY)
    result = run("compare", "--home", tmp_path, "--by", "agent", "--metric", "success")
    assert result.exit_code == 2
    assert "no unit: take another, of which there are values of run, ticket, work_item" in result.output

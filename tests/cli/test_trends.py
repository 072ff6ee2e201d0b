"""`agentgauge trends`."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

import agentgauge
from agentgauge.cli.app import app
from agentgauge.cli.column_chart import column_chart, columns, sparkline
from tests.cli.conftest import Run

Ask = Callable[..., Any]


@pytest.fixture
def worse(tmp_path: Path) -> Path:
    """Sixty days up to yesterday: reviews get slower, builds of the last 25 take twice as long, plans stay."""
    place, rng = tmp_path / "worse", random.Random(4)
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    with agentgauge.open(place) as gauge:
        for day in range(60, 0, -1):
            for operation, ms in (
                ("review", 1000 + 20 * (60 - day)),
                ("build", 5000 * (1 + (day <= 25))),
                ("plan", 400),
            ):
                gauge.task(
                    operation, operation=operation, agent="coder", duration_ms=ms * rng.lognormvariate(0, 0.05),
                    success=rng.random() < 0.9, at=today - timedelta(days=day),
                )  # fmt: skip
    return place


def test_the_document_has_the_documented_keys(document: Ask, worse: Path) -> None:
    answer = document("trends", "execution_time", "--home", worse, "--where", "operation=review")
    (trend,) = answer["trends"]
    assert (answer["metric"], answer["unit"], trend["trend"]) == ("execution_time", "ms", "degrading")
    assert trend["slope"] == pytest.approx(20, abs=8)
    assert 0 < trend["r_squared"] < 1
    assert trend["p_value"] < 0.01
    assert trend["data_points"] == 30
    assert set(answer["period"]) == {"start", "end"}


def test_the_screen_says_it_in_a_sentence_with_a_chart(run: Run, worse: Path) -> None:
    shown = run("trends", "execution_time", "--home", worse, "--where", "operation=review", "--lookback", 60).stdout
    assert re.search(r"Degrading: \d\d ms more a day \(95 %: \+\d+ ms to \+\d+ ms; p < 0.001\)\.", shown)
    assert "█" in shown
    assert "60 days with 60 values." in shown
    assert "if days did not depend on each other" in shown


def test_a_shift_is_named_with_its_day_and_size(run: Run, worse: Path) -> None:
    shown = run("trends", "execution_time", "--home", worse, "--where", "operation=build", "--lookback", 60).stdout
    day = datetime.now(UTC) - timedelta(days=25)
    assert f"The level rose on {day:%a %Y-%m-%d} from 5." in shown


def test_each_operation_has_a_line_and_what_gets_worse_comes_first(run: Run, document: Ask, worse: Path) -> None:
    asked = ("trends", "execution_time", "--home", worse, "--by", "operation", "--lookback", 60)
    assert [trend["key"] for trend in document(*asked)["trends"]][-1] == "plan"
    shown = run(*asked).stdout
    assert {line.split()[0]: line.split()[1] for line in shown.splitlines() if "█" in line} == {
        "review": "degrading",
        "build": "degrading",
        "plan": "stable",
    }
    assert "adjusted for 3 trends (Holm)" in shown


def test_a_shift_stands_beside_each_line_however_narrow_the_screen(
    run: Run, worse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The level of the last days of sixty makes no trend, and is none the less what a reader has to know.
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("trends", "execution_time", "--home", worse, "--by", "operation", "--lookback", 60).stdout
    assert "level shifted" in shown
    steady = run("trends", "execution_time", "--home", worse, "--by", "agent", "--where", "operation=plan").stdout
    assert "level shifted" not in steady


def test_too_few_days_are_said(run: Run, document: Ask, worse: Path, tmp_path: Path) -> None:
    shown = run("trends", "execution_time", "--home", worse, "--lookback", 6).stdout
    assert "Insufficient data: 6 days with values, and 7 are needed." in shown
    nothing = document("trends", "cost", "--home", tmp_path / "new")["trends"][0]
    assert (nothing["trend"], nothing["slope"], nothing["data_points"]) == ("insufficient_data", None, 0)
    assert "Nothing in this window" in run("trends", "cost", "--home", tmp_path / "new", "--by", "agent").stdout


def test_other_days_than_the_last_ones(document: Ask, worse: Path) -> None:
    since, until = (f"{datetime.now(UTC) - timedelta(days=day):%Y-%m-%d}" for day in (50, 40))
    (trend,) = document("trends", "execution_time", "--home", worse, "--since", since, "--until", until)["trends"]
    assert trend["data_points"] == 11


def test_a_reader_may_say_which_way_is_better(document: Ask, worse: Path) -> None:
    asked = ("trends", "execution_time", "--home", worse, "--where", "operation=review", "--better")
    assert document(*asked, "higher")["trends"][0]["trend"] == "improving"


@pytest.mark.parametrize("width", [60, 80, 140])
@pytest.mark.parametrize("more", [(), ("--by", "operation"), ("--where", "operation=build")])
def test_lines_fit_the_screen(
    run: Run, worse: Path, monkeypatch: pytest.MonkeyPatch, width: int, more: tuple[str, ...]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    shown = run("trends", "execution_time", "--home", worse, "--lookback", 60, *more).stdout
    assert max(map(len, shown.splitlines())) <= width
    assert "…" not in shown


def test_without_blocks_the_chart_is_ascii(worse: Path) -> None:
    for more in ((), ("--by", "operation")):
        shown = CliRunner(charset="ascii").invoke(app, ["trends", "execution_time", "--home", str(worse), *more])
        assert shown.exit_code == 0, shown.output
        assert "##" in shown.stdout or "99" in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("speed",), "no measurement is called"),
        (("cost", "--lookback", "0"), "1 to 3660"),
        (("cost", "--better", "more"), "lower or higher"),
        (("cost", "--per", "week"), "per operation or per call"),
    ],
)
def test_a_wrong_question_ends_with_2_and_one_line(
    run: Run, worse: Path, arguments: tuple[str, ...], words: str
) -> None:
    result = run("trends", *arguments, "--home", worse)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr


class TestColumns:
    def test_a_column_is_as_high_as_its_share_of_the_largest(self) -> None:
        assert sparkline([0, 1, 2, 4, 8], unicode=True) == "▁▁▂▄█"
        assert sparkline([0, 1, 2, 4, 8], unicode=False) == "01249"
        assert column_chart([2, 4], 2, unicode=False) == [" #", "##"]
        assert column_chart([2, 4], 2, unicode=True) == [" █", "██"]

    def test_what_is_not_known_is_blank_and_what_is_zero_is_not(self) -> None:
        assert sparkline([math.nan, 0, 1], unicode=True) == " ▁█"
        assert column_chart([math.nan, 0, 1], 2, unicode=False) == ["  #", " ##"]

    def test_columns_stand_on_the_least_where_it_is_below_zero(self) -> None:
        assert sparkline([-4, 0, 4], unicode=True) == "▁▄█"

    def test_nothing_but_zeros_is_flat(self) -> None:
        assert sparkline([0, 0], unicode=True) == "▁▁"
        assert sparkline([], unicode=True) == ""

    def test_too_many_values_share_columns(self) -> None:
        assert columns([1, 3, math.nan, 5, math.nan, math.nan, 7], 4) == pytest.approx([2, 5, math.nan, 7], nan_ok=True)
        assert columns([1, 2], 4) == [1, 2]


@pytest.fixture
def flat(tmp_path: Path) -> Path:
    """Ten days of tasks, and of calls beside them that belong to none; the name of one model is long."""
    place, today = tmp_path / "flat", datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    with agentgauge.open(place) as gauge:
        for day in range(40, 0, -1):
            at = today - timedelta(days=day)
            gauge.task("review", duration_ms=1000, success=True, at=at)
            for model in ("gpt-4o-mini", "claude-sonnet-4-5-20250929"):
                gauge.llm_call(model, input_tokens=1000 + 7 * (day % 5), output_tokens=300, at=at)
    return place


@pytest.mark.parametrize("by", ["model", "name"])
def test_cost_that_no_operation_has_is_not_shown_as_zero(run: Run, document: Ask, flat: Path, by: str) -> None:
    asked = ("trends", "cost", "--by", by, "--home", flat)
    assert document(*asked)["trends"] == []
    shown = run(*asked).stdout
    assert "$0.00" not in shown
    assert "No call with a known cost belongs to an operation" in shown
    assert "--per call" in shown


def test_narrow_screens_keep_p_and_whole_names(run: Run, flat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run("trends", "cost", "--by", "model", "--per", "call", "--home", flat).stdout
    heading = next(line for line in shown.splitlines() if line.startswith("model"))
    assert {"p", "per", "day"} <= set(heading.split())
    assert "claude-sonnet-4-5-20250929 " in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_shift_whose_interval_holds_zero_is_said_with_may(run: Run, document: Ask, tmp_path: Path) -> None:
    """Ranks see that most days rose; two extreme days leave the means unsure."""
    today = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0)
    rng = random.Random(1)
    with agentgauge.open(tmp_path / "home") as gauge:
        for day in range(30, 0, -1):
            ms = 40_000 if day == 28 else 20_000 if day == 6 else (1000 if day > 15 else 1500) + 40 * rng.random()
            gauge.task("review", duration_ms=ms, at=today - timedelta(days=day))
    asked = ("trends", "execution_time", "--home", tmp_path / "home")
    (point,) = document(*asked)["trends"][0]["shifts"]["points"]
    assert point["low"] < 0 < point["high"]
    assert "The level may have " in run(*asked).stdout
    table = run(*asked, "--by", "name").stdout
    assert re.search(r"[A-Z][a-z]{2} \d\d\?", table)
    assert "the interval of the shift holds zero" in table

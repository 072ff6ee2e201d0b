"""`agentgauge compact`, `doctor`, `forget` and `prices`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import agentgauge
from tests.cli.conftest import Run

Ask = Callable[..., Any]


def test_compact_moves_what_is_new_once(document: Ask, run: Run, home: Path) -> None:
    assert document("compact", "--home", home)["events"] == 6
    assert document("compact", "--home", home)["events"] == 0
    assert "Nothing new" in run("compact", "--home", home).stdout
    assert document("report", "--home", home)["overview"]["events"] == 6


def test_doctor_names_problems_and_ends_with_1(document: Ask, run: Run, home: Path) -> None:
    found = document("doctor", "--home", home, code=1)
    assert any("in-house-7b" in problem for problem in found["problems"])
    shown = run("doctor", "--home", home)
    assert shown.exit_code == 1
    assert "problem: " in shown.stdout


def test_doctor_shows_what_was_refused(run: Run, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        gauge.llm_call("claude-opus-4-5", input_tokens=-1)
    shown = run("doctor", "--home", tmp_path / "home").stdout
    assert "negative tokens" in shown


def test_doctor_of_a_home_in_order_ends_with_0(run: Run, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        gauge.tool_call("grep")
    result = run("doctor", "--home", tmp_path / "home")
    assert result.exit_code == 0, result.stdout
    assert "No problems." in result.stdout


def test_forget_deletes_one_persons_events(document: Ask, home: Path) -> None:
    assert document("forget", "--user", "ada", "--home", home)["events"] == 4
    assert document("sql", "--home", home, 'SELECT DISTINCT "user" FROM events') == [{"user": "bob"}]


def test_prices_of_a_day_with_rates_and_source(document: Ask, run: Run) -> None:
    standard = document("prices", "claude-opus-4-5", "--at", "2025-12-09", "--tier", "standard")["prices"][0]
    rates = [standard[name] for name in ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")]
    assert rates == ["5", "25", "0.5", "6.25", "10"]
    shown = run("prices", "claude-opus-4-5", "--at", "2025-12-09").stdout
    assert "6.25" in shown
    assert standard["source"] in shown


def test_an_unknown_model_ends_with_1_and_near_names(document: Ask, run: Run) -> None:
    answer = document("prices", "claude-opuss-4-5", code=1)
    assert answer["prices"] == []
    assert "claude-opus-4-5" in answer["near"]
    result = run("prices", "claude-opuss-4-5")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "unpriced" in result.stderr


def test_a_tier_that_does_not_exist_is_refused(run: Run) -> None:
    result = run("prices", "claude-opus-4-5", "--tier", "gold")
    assert result.exit_code == 2
    assert "batch" in result.stderr


def test_own_prices_of_the_home_are_used(document: Ask, home: Path) -> None:
    (home / "prices.toml").write_text('[[price]]\nmodel = "in-house-7b"\ninput = 1\noutput = 2\nsource = "the bill"\n')
    assert document("prices", "in-house-7b", "--home", home)["prices"][0]["input"] == "1"
    assert document("report", "--home", home)["overview"]["cost_usd"] == "3.2802"

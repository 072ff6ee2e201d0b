"""`agentgauge compact`, `doctor`, `forget` and `prices`."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

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


def test_doctor_lists_a_price_file_that_cannot_be_read_among_the_problems(
    run: Run, document: Ask, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    with agentgauge.open(home) as gauge:
        gauge.llm_call("gpt-4o", "openai", input_tokens=1)
    (home / "prices.toml").write_text('[[price]]\nmodel = "unfinished\n')
    found = document("doctor", "--home", home, code=1)
    assert found["events"] == 1
    (problem,) = found["problems"]
    assert "prices.toml: not TOML" in problem
    assert "not TOML" in run("doctor", "--home", home).stdout
    refused = run("report", "--home", home)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "prices.toml: not TOML" in refused.stderr


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


@pytest.mark.parametrize("columns", [40, 60, 80, 120])
def test_doctor_shows_each_reason_once_with_an_example(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    with agentgauge.open(tmp_path / "home") as gauge:
        gauge.llm_call("claude-opus-4-5", input_tokens=-1)
        gauge.tool_call("")
        gauge.tool_call("grep", at=datetime(2999, 1, 1, tzinfo=UTC))
    shown = run("doctor", "--home", tmp_path / "home").stdout
    lost, _, rest = shown.partition("Events that were kept, but altered")
    altered, _, problems = rest.partition("problem: ")
    assert "future time" in altered
    assert "future time" not in lost
    assert all(part in lost for part in ("input_tokens", "is -1", "byte", "tool_call needs name"))
    assert " ".join(problems.split()).startswith("2 events lost: missing field, negative tokens problem:")
    assert max(map(len, shown.splitlines())) <= columns


def test_doctor_since_a_day_can_be_green_again(document: Ask, run: Run, home: Path) -> None:
    assert run("doctor", "--home", home, "--since", "2026-03-01").exit_code == 1
    assert document("doctor", "--home", home, "--since", "2026-03-03")["problems"] == []


def test_the_document_of_a_loss_has_its_file_and_byte(document: Ask, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        gauge.tool_call("")
    (loss,) = document("doctor", "--home", tmp_path / "home", code=1)["losses"]
    segment = next((tmp_path / "home" / "journal").glob("*.seg"))
    assert loss["file"] == segment.name
    assert segment.read_bytes()[loss["byte"] :].startswith(b'{"v":1,"loss":"missing field"')


def test_doctor_of_a_home_that_is_not_there_says_so(run: Run, tmp_path: Path) -> None:
    result = run("doctor", "--home", tmp_path / "nowhere")
    assert result.exit_code == 0
    assert f"note: {tmp_path / 'nowhere'} does not exist yet; nothing has been recorded there" in result.stderr


@pytest.mark.parametrize("command", [("compact",), ("forget", "--user", "ada"), ("import", "pi", __file__)])
def test_a_home_where_nothing_can_be_kept_is_refused_with_what_to_do(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "file").touch()
    result = run(*command, "--home", tmp_path / "file" / "home")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{tmp_path / 'file'} is no folder" in result.stderr
    assert "--home" in result.stderr


def test_a_home_that_may_not_be_written_is_refused_with_what_to_do(run: Run, home: Path) -> None:
    """Root may write everywhere, so that it asks in the name of nobody: access() is about the real user."""
    mode, user = home.stat().st_mode, os.getuid()
    home.chmod(0o500)
    if user == 0:
        os.setreuid(65534, 0)
    try:
        result = run("compact", "--home", home)
    finally:
        os.setreuid(user, user)
        home.chmod(mode)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"{home} cannot be written: make it writable" in result.stderr


def test_a_family_name_is_answered_with_its_models(document: Ask) -> None:
    for name in ("sonet", "opus"):
        near = document("prices", name, code=1)["near"]
        assert near
        assert all(name[:3] in model for model in near)


def test_an_unknown_provider_is_answered_with_the_known_ones(run: Run) -> None:
    said = run("prices", "gpt-4o", "--provider", "opnai").stderr
    assert "No provider is known as 'opnai': did you mean openai?" in said
    assert "anthropic, " in said
    assert "Known are:" not in run("prices", "nobody-knows", "--provider", "bedrock").stderr

"""`agentgauge explain`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.service.explain_wording import amount
from tests.cli.conftest import Run

Ask = Callable[..., Any]
BEFORE, AFTER, END = (datetime(2026, 3, day, 10, tzinfo=UTC) for day in (2, 9, 16))
WEEKS = ("--window", "2026-03-09..2026-03-15", "--against", "previous")


@pytest.fixture
def two_weeks(tmp_path: Path) -> Path:
    """In the second week twice the tasks, a failed call, two calls without a price; the cost of a call is the same."""
    place = tmp_path / "home"
    with agentgauge.open(place) as gauge:
        for start, tasks in ((BEFORE, 2), (AFTER, 4)):
            for number in range(tasks):
                with gauge.scope(agent="coder" if number % 2 else "reviewer"):
                    at = start + timedelta(hours=number)
                    gauge.task("turn", at=at)
                    gauge.llm_call("claude-opus-4-5", "anthropic", input_tokens=200_000, at=at)
        gauge.llm_call("claude-opus-4-5", "anthropic", input_tokens=200_000, at=AFTER, success=False, agent="coder")
    return place


def test_the_sentence_says_what_changed_and_why(run: Run, two_weeks: Path) -> None:
    """Of each operation a call, and later also a quarter of a failed one: volume has 2 x (1 + 1.25) / 2 dollars."""
    shown = run("explain", *WEEKS, "--home", two_weeks).stdout
    assert (
        "Cost rose by $3.00 (150.0 %), from $2.00 to $5.00: 100.0 % more operations (+$2.25), "
        "more failed calls per operation (+$0.75). Most by agent coder (+$2.00)."
    ) in " ".join(shown.split())
    assert "Failed calls cost $1.00 of it, $0.00 before." in shown
    (volume,) = [line for line in shown.splitlines() if line.startswith("volume")]
    assert volume.split() == ["volume", "2", "4", "+$2.25"]
    assert "2026-03-09 00:00 to 2026-03-16 00:00\nagainst 2026-03-02 00:00 to 2026-03-09 00:00" in shown


def test_the_document_has_exact_parts_that_add_up(document: Ask, two_weeks: Path) -> None:
    found = document("explain", *WEEKS, "--home", two_weeks)
    assert found["sentence"].startswith("Cost rose by $3.00")
    assert {part["factor"]: part["amount"] for part in found["parts"] if part["amount"] != "0"} == {
        "volume": "2.25",
        "retries": "0.75",
    }
    assert sum(Decimal(part["amount"]) for part in found["parts"]) == Decimal(found["change"]) == 3
    assert found["relative"] == 1.5
    assert [rows["by"] for rows in found["contributors"]] == ["agent", "model"]
    assert (found["way"], found["exact"]) == ("raw", True)


def test_a_difference_that_is_not_known_is_said_first(run: Run, two_weeks: Path) -> None:
    with agentgauge.open(two_weeks) as gauge:
        gauge.llm_call("in-house-7b", input_tokens=9, at=AFTER)
    shown = run("explain", *WEEKS, "--home", two_weeks).stdout
    unknown, known = shown.index("1 call without a price, 0 before"), shown.index("Cost of priced calls rose by")
    assert unknown < known
    assert "0 -> 1" in shown


def test_the_sentence_of_the_document_is_of_priced_calls_where_others_have_no_price(
    document: Ask, two_weeks: Path
) -> None:
    """A task whose call has no price has no fewer calls than one whose call has."""
    with agentgauge.open(two_weeks) as gauge:
        gauge.task("turn", at=END)
        gauge.llm_call("in-house-7b", input_tokens=9, at=END)
    weeks = ("--window", "2026-03-16..2026-03-22", "--against", "2026-03-02..2026-03-08")
    said = document("explain", *weeks, "--home", two_weeks)["sentence"]
    assert said.startswith("Cost of priced calls fell by $2.00 (100.0 %), from $2.00 to nothing:")
    assert "fewer priced calls per operation" in said
    weeks = ("--window", "2026-03-16..2026-03-22", "--against", "2026-02-01")
    assert document("explain", *weeks, "--home", two_weeks)["sentence"] == (
        "Cost is not known: no call of the windows has a price."
    )


def test_where_only_tools_were_used_the_unit_of_work_is_a_use(run: Run, two_weeks: Path) -> None:
    with agentgauge.open(two_weeks) as gauge:
        gauge.tool_call("search", cost_usd="0.5", at=END)
    weeks = ("--window", "2026-03-16..2026-03-22", "--against", "2026-03-02..2026-03-08")
    shown = " ".join(run("explain", *weeks, "--home", two_weeks).stdout.split())
    assert "50.0 % fewer uses" in shown
    assert "the unit of work is a use, of a model or a tool." in shown


def test_tokens_are_plural_and_not_dear(run: Run, two_weeks: Path) -> None:
    shown = " ".join(run("explain", *WEEKS, "--metric", "tokens", "--home", two_weeks).stdout.split())
    assert shown.partition("Tokens")[2].startswith(" rose by 600,000 (150.0 %), from 400,000 to 1,000,000: ")
    same = ("--window", "2026-03-02", "--against", "2026-03-02")
    shown = " ".join(run("explain", *same, "--metric", "tokens", "--home", two_weeks).stdout.split())
    assert "Tokens are the same in both windows: 400,000." in shown


def test_windows_of_different_length_say_so(run: Run, two_weeks: Path) -> None:
    shown = run("explain", "--window", "2026-03-09..2026-03-15", "--against", "2026-03-02", "--home", two_weeks).stdout
    assert "a longer window (+" in shown
    assert "The windows differ in length: 1 day against 7 days." in shown
    spring = ("--window", "2026-03-23..2026-03-29", "--against", "2026-03-02..2026-03-08", "--tz", "Europe/Berlin")
    shown = run("explain", *spring, "--home", two_weeks).stdout
    assert "The windows differ in length: 7 days against 6 days 23 h." in shown
    assert "more operations a day" not in shown
    assert "fewer operations a day" in shown


def test_a_rate_is_taken_apart_by_a_dimension(run: Run, two_weeks: Path) -> None:
    with agentgauge.open(two_weeks) as gauge:
        gauge.task("turn", success=False, agent="coder", at=AFTER)
    shown = run("explain", *WEEKS, "--metric", "success_rate", "--by", "agent", "--home", two_weeks).stdout
    assert "Success rate fell by 20.0 points, from 100.0 % to 80.0 %: lower within groups (-" in shown
    assert "coder" in shown


def test_nothing_recorded_is_no_change(run: Run, tmp_path: Path) -> None:
    result = run("explain", "--home", tmp_path / "none")
    sentence, advice = result.stdout.splitlines()[-2:]
    assert sentence == "Cost is $0.00 in both windows."
    assert "an overview says what there is" in advice


def test_a_home_that_begins_later_than_the_earlier_window_says_so(run: Run, two_weeks: Path) -> None:
    shown = run("explain", "--window", "2026-03-02", "--home", two_weeks).stdout
    assert "Recording began on 2026-03-02 10:00, after the earlier window." in shown


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--window", "soon"), "is no time"),
        (("--window", "2099-01-01.."), "does not begin before now"),
        (("--metric", "cots"), "did you mean cost"),
        (("--metric", "cost", "--by", "agnet"), "did you mean agent"),
        (("--where", "agnet=x"), "did you mean agent"),
    ],
)
def test_mistakes_are_answered_in_a_sentence(run: Run, two_weeks: Path, arguments: tuple[str, ...], said: str) -> None:
    result = run("explain", *WEEKS, *arguments, "--home", two_weeks)
    assert result.exit_code == 2
    assert said in result.stderr


@pytest.mark.parametrize("columns", [80, 140])
def test_it_fits_the_screen(run: Run, two_weeks: Path, monkeypatch: pytest.MonkeyPatch, columns: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("explain", *WEEKS, "--home", two_weeks).stdout
    assert max(map(len, shown.splitlines())) <= columns


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        ("0.168", "1", "+16.8 points"),
        ("-0.0002", "1", "-0.02 points"),
        ("-0.00000001", "1", "-<0.01 points"),
        ("0", "1", "0.0 points"),
        ("-3.1", "USD", "-$3.10"),
        ("7.6", "USD", "+$7.60"),
        ("-1234567", "token", "-1,234,567"),
        ("2500", "ms", "+2.5 s"),
    ],
)
def test_differences_have_their_sign_and_unit(value: str, unit: str, shown: str) -> None:
    assert amount(Decimal(value), unit, signed=True) == shown


def test_the_change_of_what_has_no_price_is_not_known(run: Run, two_weeks: Path) -> None:
    with agentgauge.open(two_weeks) as gauge:
        gauge.llm_call("nobody-knows-it", input_tokens=10, at=AFTER)
    shown = run("explain", *WEEKS, "--home", two_weeks, "--by", "model").stdout
    (row,) = [line for line in shown.splitlines() if line.startswith("nobody-knows-it")]
    assert row.split()[1:] == ["0", "->", "1", "$0.00", "-", "-", "0", "->", "1"]


def test_a_task_without_an_operation_goes_by_its_name(document: Ask, two_weeks: Path) -> None:
    with agentgauge.open(two_weeks) as gauge:
        for at, ms in ((BEFORE, 10), (AFTER, 30)):
            gauge.task("turn", duration_ms=ms, at=at)
            gauge.task("x", operation="turn", duration_ms=ms + 10, at=at)
    (contributors,) = document("explain", *WEEKS, "--home", two_weeks, "--metric", "execution_time")["contributors"]
    (row,) = contributors["rows"]
    assert (row["key"], row["count_before"], row["count_after"]) == ("turn", 2, 2)
    assert (float(row["before"]), float(row["after"])) == (15, 35)


@pytest.mark.parametrize(
    ("tasks", "failures", "said"),
    [
        (10, 3, "10 of 10 before, 7 of 10 after: cannot be told from chance"),
        (100, 30, "100 of 100 before, 70 of 100 after: more than chance explains"),
    ],
)
def test_a_rate_says_whether_its_change_can_be_told_from_chance(
    run: Run, tmp_path: Path, tasks: int, failures: int, said: str
) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        for number in range(tasks):
            gauge.task("turn", success=True, at=BEFORE)
            gauge.task("turn", success=number >= failures, at=AFTER)
    shown = run("explain", *WEEKS, "--home", tmp_path / "home", "--metric", "success_rate").stdout
    assert said in " ".join(shown.split())
    assert "trends the course of days" in shown

"""`agentgauge report`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

Ask = Callable[..., Any]


def test_the_document_has_totals_with_decimals_as_strings_and_times_in_utc(document: Ask, home: Path) -> None:
    overview = document("report", "--home", home, "--tz", "Asia/Tokyo")["overview"]
    assert (overview["calls"], overview["failed_calls"], overview["tasks"], overview["tool_calls"]) == (3, 1, 1, 2)
    assert overview["cost_usd"] == "3.2762"
    assert overview["unpriced_calls"] == 1
    assert overview["first"] == "2026-03-02T10:00:00Z"


def test_what_has_no_answer_is_null(document: Ask, home: Path) -> None:
    (reviewer,) = [
        g for g in document("report", "--home", home, "--by", "agent")["groups"] if g["key"]["agent"] == "reviewer"
    ]
    assert reviewer["success_rate"] is None
    assert reviewer["task_duration"] == {"mean_ms": None, "median_ms": None, "p95_ms": None}


def test_the_screen_says_unpriced_in_words_and_never_as_zero(run: Run, home: Path) -> None:
    shown = run("report", "--home", home).stdout
    row = next(line for line in shown.splitlines() if "in-house-7b" in line)
    assert "1 call" in row
    assert "$" not in row
    assert "1 call unpriced" in shown
    assert "$0.00" not in shown


def test_the_screen_shows_money_counts_and_rates_as_people_write_them(run: Run, home: Path) -> None:
    shown = run("report", "--home", home, "--by", "agent").stdout
    assert "$3.28" in shown
    assert "$0.0012" in shown
    assert "2,003,010" in shown
    assert "100.0 %" in shown


def test_by_tool_shows_failures_and_durations(run: Run, document: Ask, home: Path) -> None:
    (grep,) = document("report", "--home", home, "--by", "tool")["tools"]
    assert (grep["calls"], grep["failure_rate"], grep["median_ms"]) == (2, 0.5, 40.0)
    assert "grep" in run("report", "--home", home, "--by", "tool").stdout


def test_dimensions_may_be_given_with_commas_or_again(document: Ask, home: Path) -> None:
    once = document("report", "--home", home, "--by", "agent,model")
    again = document("report", "--home", home, "--by", "agent", "--by", "model")
    assert once["groups"] == again["groups"]
    assert once["groups"][0]["key"] == {"agent": "coder", "model": "claude-opus-4-5"}


def test_a_window_of_one_day_is_that_day_of_the_zone(document: Ask, home: Path) -> None:
    """10:00 UTC on the 2nd is midnight of the 3rd in Kiritimati."""

    def calls(day: str, zone: str) -> int:
        return int(
            document("report", "--home", home, "--since", day, "--until", day, "--tz", zone)["overview"]["calls"]
        )

    assert calls("2026-03-02", "UTC") == 3
    assert calls("2026-03-03", "Pacific/Kiritimati") == 3
    assert calls("2026-03-02", "Pacific/Kiritimati") == 0


def test_buckets_sum_to_the_whole(document: Ask, home: Path) -> None:
    answer = document("report", "--home", home, "--bucket", "day", "--until", "2026-03-04", "--since", "2026-03-01")
    assert [day["calls"] for day in answer["over_time"]] == [0, 3, 0, 0]
    assert answer["over_time"][1]["start"] == "2026-03-02T00:00:00Z"


def test_the_chart_falls_back_to_ascii_where_blocks_cannot_be_written(run: Run, home: Path) -> None:
    asked = ("report", "--home", home, "--bucket", "hour", "--until", "2026-03-02")
    assert "█" in run(*asked).stdout
    from typer.testing import CliRunner

    from agentgauge.cli.app import app

    shown = CliRunner(charset="ascii").invoke(app, [str(part) for part in asked])
    assert shown.exit_code == 0, shown.output
    assert "####" in shown.stdout


def test_cache_shows_what_it_saved(run: Run, document: Ask, home: Path) -> None:
    """1.5 million tokens read at a tenth of $5 per million."""
    assert document("report", "--home", home, "--cache")["cache"]["total"]["saved_usd"] == "6.75"
    assert "$6.75" in run("report", "--home", home, "--cache").stdout


@pytest.mark.parametrize("columns", [80, 120])
def test_lines_fit_the_screen(run: Run, home: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for more in (("--by", "agent,model", "--cache", "--bucket", "hour", "--until", "2026-03-02"), ("--by", "tool")):
        shown = run("report", "--home", home, *more).stdout
        assert max(map(len, shown.splitlines())) <= columns
        assert "…" not in shown
        assert "\x1b" not in shown


def test_a_narrow_screen_does_without_columns_and_never_without_the_cost(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = {}
    for columns in ("60", "200"):
        monkeypatch.setenv("COLUMNS", columns)
        shown[columns] = run("report", "--home", home, "--by", "agent,user,model").stdout
    assert "p95 call" in shown["200"]
    assert "p95 call" not in shown["60"]
    assert all("$0.0012" in text for text in shown.values())


def test_rows_beyond_the_limit_are_counted(run: Run, home: Path) -> None:
    shown = run("report", "--home", home, "--limit", "1").stdout
    assert "in-house-7b" not in shown
    assert "and 1 more" in shown


def test_an_empty_home_says_what_to_do_and_ends_well(run: Run, document: Ask, tmp_path: Path) -> None:
    shown = run("report", "--home", tmp_path / "new")
    assert (shown.exit_code, "agentgauge demo" in shown.stdout) == (0, True)
    empty = document("report", "--home", tmp_path / "new", "--bucket", "day")
    assert (empty["overview"]["calls"], empty["overview"]["success_rate"], empty["groups"]) == (0, None, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "soon"), "no time"),
        (("--tz", "Mars/Olympus"), "IANA"),
        (("--by", "agnet"), "agnet"),
        (("--bucket", "fortnight"), "month"),
        (("--by", "tool,agent"), "alone"),
    ],
)
def test_a_wrong_question_ends_with_2_and_one_line(
    run: Run, home: Path, arguments: tuple[str, str], words: str
) -> None:
    result = run("report", "--home", home, *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr

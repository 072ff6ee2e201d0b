"""`agentgauge report`."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import UTC, timedelta
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.cli.report_tables import window_line
from agentgauge.meter import Meter
from agentgauge.service import reports
from agentgauge.service.window import Window
from agentgauge.settings import get_settings
from tests.cli.conftest import DAY, Run

Ask = Callable[..., Any]


def test_the_document_has_totals_with_decimals_as_strings_and_times_in_utc(document: Ask, home: Path) -> None:
    overview = document("report", "--home", home, "--tz", "Asia/Tokyo")["overview"]
    assert (overview["calls"], overview["failed_calls"], overview["tasks"], overview["tool_calls"]) == (3, 1, 1, 2)
    assert overview["cost_usd"] == "3.2762"
    assert overview["unpriced_calls"] == 1
    assert overview["first"] == "2026-03-02T10:00:00Z"


def test_what_has_no_answer_is_null(document: Ask, home: Path) -> None:
    groups = document("report", "--home", home, "--by", "agent")["groups"]["rows"]
    (reviewer,) = [group for group in groups if group["key"]["agent"] == "reviewer"]
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
    (grep,) = document("report", "--home", home, "--by", "tool")["tools"]["rows"]
    assert (grep["calls"], grep["failure_rate"], grep["median_ms"]) == (2, 0.5, 40.0)
    assert "grep" in run("report", "--home", home, "--by", "tool").stdout


def test_dimensions_may_be_given_with_commas_or_again(document: Ask, home: Path) -> None:
    once = document("report", "--home", home, "--by", "agent,model")
    again = document("report", "--home", home, "--by", "agent", "--by", "model")
    assert once["groups"] == again["groups"]
    assert once["groups"]["rows"][0]["key"] == {"agent": "coder", "model": "claude-opus-4-5"}


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
    assert [day["calls"] for day in answer["over_time"]["rows"]] == [0, 3, 0, 0]
    assert answer["over_time"]["rows"][1]["start"] == "2026-03-02T00:00:00Z"


def test_without_a_window_the_course_is_from_the_first_event_to_the_last(run: Run, document: Ask, home: Path) -> None:
    """The events are of one day, long ago."""
    assert len(document("report", "--home", home, "--bucket", "day")["over_time"]["rows"]) == 1
    chart = run("report", "--home", home, "--bucket", "day").stdout.partition("Cost per day")[2]
    assert [line.split()[:2] for line in chart.splitlines() if "2026" in line] == [["Mon", "2026-03-02"]]


def test_parts_of_days_are_told_from_whole_ones(run: Run, document: Ask, home: Path) -> None:
    window = ("--since", "2026-03-01T17:21", "--until", "2026-03-04T12:00")
    asked = ("report", "--home", home, "--bucket", "day", *window)
    assert [day["complete"] for day in document(*asked)["over_time"]["rows"]] == [False, True, True, False]
    for more in ((), ("--by", "agent", "--each")):
        shown = run(*asked, *more).stdout
        assert "* part of a day, counted from 2026-03-01 17:21 until 2026-03-04 12:00" in " ".join(shown.split())
        lines = [line for line in shown.splitlines() if re.match(r"\w{3} 2026-03-0", line)]
        assert [line.split()[2] == "*" for line in lines] == [True, False, False, True]


def test_the_time_that_a_report_is_about_ends_now_where_it_was_asked_since_when(home: Path) -> None:
    now = DAY + timedelta(days=3)
    with Meter(get_settings(home)).engine() as engine:
        overview = reports.overview(engine, Window())
    since = window_line(overview, Window(DAY - timedelta(days=1)), now, "UTC", UTC)
    assert since == "2026-03-01 10:00 to 2026-03-05 10:00 (UTC)"
    assert window_line(overview, Window(), now, "UTC", UTC).endswith(f" to {overview.last:%Y-%m-%d %H:%M} (UTC)")


def test_days_that_are_over_and_within_the_window_have_no_mark(run: Run, document: Ask, home: Path) -> None:
    asked = ("report", "--home", home, "--bucket", "day", "--since", "2026-03-01", "--until", "2026-03-03")
    assert all(day["complete"] for day in document(*asked)["over_time"]["rows"])
    assert "part of a day" not in run(*asked).stdout


def test_a_bucket_names_its_local_day(document: Ask, home: Path) -> None:
    (day,) = document("report", "--home", home, "--bucket", "day", "--tz", "Asia/Kathmandu")["over_time"]["rows"]
    assert (day["start"], day["label"]) == ("2026-03-01T18:15:00Z", "2026-03-02")


def test_by_the_unit_of_measurements(run: Run, home: Path) -> None:
    with agentgauge.open(home) as gauge:
        gauge.measurement("recall", 0.5, unit="ratio")
    shown = run("report", "--home", home, "--by", "unit").stdout
    row = next(line.split() for line in shown.splitlines() if line.startswith("ratio"))
    assert row[:2] == ["ratio", "1"]


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
    assert (empty["overview"]["calls"], empty["overview"]["success_rate"], empty["groups"]["rows"]) == (0, None, [])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--since", "soon"), "no time"),
        (("--tz", "Mars/Olympus"), "IANA"),
        (("--by", "agnet"), "agnet"),
        (("--by", "cost_usd"), "cost_usd is added up"),
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


@pytest.mark.parametrize("columns", [44, 50, 60, 80])
def test_a_narrow_screen_has_fewer_columns_and_none_is_cut(
    run: Run, home: Path, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    with agentgauge.open(home) as gauge:
        gauge.llm_call("in-house-7b-of-the-very-long-name", input_tokens=90_000_000, cache_read_tokens=80_000_000)
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("report", "--home", home, "--by", "agent", "--cache").stdout
    cache = shown.partition("Prompt cache")[2].partition("Durations")[0]
    assert "model" in cache
    assert "claude-opus-4-5" in cache
    assert "net" in cache
    assert "unpriced tokens" not in cache
    assert "\u2026" not in shown
    assert max(map(len, shown.splitlines())) <= columns


def test_a_mistyped_dimension_is_answered_with_the_near_and_the_usual_ones(run: Run, home: Path) -> None:
    result = run("report", "--home", home, "--by", "agnet")
    assert result.exit_code == 2
    assert "did you mean agent?" in result.stderr
    assert "Usual are model, provider, agent" in result.stderr


def test_time_is_no_dimension_but_a_course(run: Run, home: Path) -> None:
    result = run("report", "--home", home, "--by", "time")
    assert result.exit_code == 2
    assert "ask for it by bucket" in result.stderr


def test_a_home_that_is_not_there_is_said_beside_the_report(run: Run, document: Ask, tmp_path: Path) -> None:
    result = run("report", "--home", tmp_path / "nowhere")
    assert result.exit_code == 0
    assert "nowhere does not exist yet; nothing has been recorded there" in result.stderr
    assert document("report", "--home", tmp_path / "nowhere")["overview"]["events"] == 0
    assert not (tmp_path / "nowhere").exists()


def test_an_empty_window_says_when_the_home_has_events(run: Run, home: Path) -> None:
    shown = run("report", "--home", home, "--since", "2026-05-01").stdout
    assert "No events in this window" in shown
    assert "6 events, from 2026-03-02 10:00 to 2026-03-02 10:00" in shown


def test_a_home_without_model_calls_has_no_table_of_models(run: Run, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path / "home") as gauge:
        gauge.tool_call("grep", duration_ms=0.02)
    shown = run("report", "--home", tmp_path / "home").stdout
    assert "By model" not in shown
    assert "<0.1 ms" in shown
    assert (
        "No event here has model and provider."
        in run("report", "--home", tmp_path / "home", "--by", "model,provider").stdout
    )


def test_lines_in_a_pipe_have_no_blanks_at_their_end(run: Run, home: Path) -> None:
    shown = run("report", "--home", home, "--cache", "--bucket", "day").stdout
    assert [line for line in shown.splitlines() if line != line.rstrip()] == []


def test_no_color_means_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    from agentgauge.cli.output import screen

    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    coloured, plain = io.StringIO(), io.StringIO()
    screen(coloured).print("text", style="bold red")
    monkeypatch.setenv("NO_COLOR", "1")
    screen(plain).print("text", style="bold red")
    assert "\x1b[" in coloured.getvalue()
    assert plain.getvalue() == "text\n"


def test_conditions_choose_what_a_report_is_about(run: Run, document: Ask, home: Path) -> None:
    asked = ("report", "--home", home, "--where", "agent=coder")
    overview = document(*asked)["overview"]
    assert (overview["calls"], overview["tasks"], overview["unpriced_calls"]) == (1, 1, 0)
    both = document(*asked, "--where", "agent=reviewer")["overview"]
    assert both["calls"] == 3
    assert "No events meet the conditions" in run(*asked, "--where", "outcome=timeout").stdout
    mistyped = run("report", "--home", home, "--where", "agent=codr")
    assert mistyped.exit_code == 2
    assert "no event has agent 'codr': did you mean coder?" in mistyped.output
    shown = run(*asked, "--where", "model=claude-opus-4-5").stdout
    assert "where agent=coder, model=claude-opus-4-5" in shown
    assert "Tasks have no model: none is in this." in shown


def test_each_group_has_a_course_of_its_own(run: Run, document: Ask, home: Path) -> None:
    asked = ("report", "--home", home, "--by", "agent", "--bucket", "day", "--each")
    rows = document(*asked)["over_time"]["rows"]
    assert [(row["key"], row["calls"]) for row in rows] == [({"agent": "coder"}, 1), ({"agent": "reviewer"}, 2)]
    table = run(*asked).stdout.partition("Cost per day by agent")[2].splitlines()
    assert table[1].split() == ["from", "coder", "reviewer"]
    assert table[3].split() == ["Mon", "2026-03-02", "$3.28", "$0.0012+"]


def test_percentiles_of_few_tasks_are_marked(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    shown = run("report", "--home", home, "--by", "agent").stdout
    assert "4.0 s*" in next(line for line in shown.splitlines() if line.startswith("coder"))
    assert "* of fewer than 20" in shown


def test_a_report_says_how_it_was_found(document: Ask, home: Path) -> None:
    answer = document("report", "--home", home, "--bucket", "day", "--exact")
    for part in ("overview", "latency", "groups", "over_time"):
        assert (answer[part]["way"], answer[part]["exact"], answer[part]["missing_before"]) == ("raw", True, None)

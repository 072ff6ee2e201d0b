"""`agentgauge forecast`, over two months of the same cost on every day."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

import agentgauge

Run = Callable[..., Result]
Ask = Callable[..., Any]
Words = tuple[str, ...]


@pytest.fixture
def steady(tmp_path: Path, noon: datetime) -> Path:
    """Two dollars at each midnight since 61 days ago, of which the first day is not learnt from; none today."""
    place = tmp_path / "steady"
    midnight = noon.replace(hour=0)
    with agentgauge.open(place) as gauge:
        for day in range(1, 62):
            gauge.llm_call("m", input_tokens=10, output_tokens=1, cost_usd="2", at=midnight - day * timedelta(days=1))
        gauge.llm_call("nobody-knows-it", input_tokens=10, output_tokens=1, at=midnight - timedelta(days=3))
    return place


@pytest.fixture
def forecast(noon: datetime, steady: Path) -> Words:
    return ("forecast", "--home", str(steady), "--tz", str(noon.tzinfo))


def test_says_what_the_coming_days_cost_and_how_it_was_tested(run: Run, forecast: Words) -> None:
    shown = run(*forecast, "--days", 10).stdout
    assert "Cost of the next 10 days" in shown
    assert "about $20.00; $20.00 to $20.00 in 80 of 100 cases" in shown
    assert "From 60 complete days" in shown
    assert "of $120.00 in all" in shown
    assert "Tested on the past: of " in shown
    assert "1 call unpriced: their cost is in no figure." in shown


def test_the_document_has_days_sums_and_coverage(document: Ask, forecast: Words) -> None:
    answer = document(*forecast, "--days", 10)
    assert (answer["state"], answer["history_days"], answer["past_total"]) == ("forecast", 60, "120")
    assert [round(day["expected"]["value"], 6) for day in answer["days"]] == [2] * 10
    assert answer["total"]["high_95"] == pytest.approx(20)
    assert answer["weeks"][-1]["so_far"] == answer["total"]
    assert {figure["days"] for figure in answer["coverage"]} == {1, 7}
    assert all(figure["inside"] <= figure["folds"] for figure in answer["coverage"])


def test_a_budget_has_the_day_on_which_it_is_used_up(run: Run, document: Ask, forecast: Words, noon: datetime) -> None:
    today = noon.date()
    since = (today - timedelta(days=10)).isoformat()
    asked = (*forecast, "--budget", "$30", "--budget-since", since)
    budget = document(*asked)["budget"]
    assert (budget["budget_usd"], budget["spent_usd"], budget["unpriced_calls"]) == ("30", "20", 1)
    assert budget["day"] == (today + timedelta(days=4)).isoformat()
    assert budget["earliest_95"] == budget["latest_95"] == budget["day"]
    assert f"used up on {today + timedelta(days=4):%a %Y-%m-%d} (80 %: " in " ".join(run(*asked).stdout.split())
    assert "used up already" in run(*forecast, "--budget", 20, "--budget-since", since).stdout
    assert "not used up by" in run(*forecast, "--budget", 1000).stdout


def test_until_is_the_last_day(document: Ask, forecast: Words, noon: datetime) -> None:
    last = noon.date() + timedelta(days=4)
    assert document(*forecast, "--until", last.isoformat())["last"] == last.isoformat()
    month_end = document(*forecast, "--until", "month-end")["last"]
    assert (datetime.fromisoformat(month_end) + timedelta(days=1)).day == 1


def test_too_little_history_is_said_in_words_and_as_null(
    run: Run, document: Ask, forecast: Words, noon: datetime
) -> None:
    since = (noon.date() - timedelta(days=5)).isoformat()
    assert "Too little history" in run(*forecast, "--since", since).stdout
    week = (noon.date() - timedelta(days=9)).isoformat()
    asked = (*forecast, "--since", week)
    assert "Intervals need 28 complete days." in run(*asked).stdout
    answer = document(*asked)
    assert answer["state"] == "no intervals"
    assert answer["total"]["low_80"] is None


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--until", "2020-01-01"), "is before today"),
        (("--days", "5", "--until", "2099-01-01"), "give one of them"),
        (("--budget", "much"), "is no amount of dollars"),
        (("--budget", "-5"), "is not more than nothing"),
        (("--budget-since", "2026-01-01"), "say how much with --budget"),
        (("--metric", "quality"), "add up over days"),
    ],
)
def test_what_cannot_be_asked_is_one_line(run: Run, forecast: Words, arguments: tuple[str, ...], said: str) -> None:
    result = run(*forecast, *arguments)
    assert result.exit_code == 2
    assert said in result.output

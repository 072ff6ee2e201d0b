"""`agentgauge anomalies`, over ten weeks of the same work on every day but one."""

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
def watched(tmp_path: Path, noon: datetime) -> Path:
    """Three dollars a day of one agent's since ten weeks ago; forty on the last whole day."""
    place = tmp_path / "watched"
    midnight = noon.replace(hour=0)
    with agentgauge.open(place) as gauge, gauge.scope(agent="coder"):
        for day in range(1, 71):
            at = midnight - timedelta(days=day)
            cost = "40" if day == 1 else f"{3 + day % 5 / 10}"
            gauge.llm_call("m", input_tokens=1000, output_tokens=1, cost_usd=cost, at=at)
            gauge.task("turn", duration_ms=100, at=at)
    return place


@pytest.fixture
def anomalies(noon: datetime, watched: Path) -> Words:
    return ("anomalies", "--home", str(watched), "--tz", str(noon.tzinfo))


def test_shows_the_day_what_was_expected_and_how_often_chance_finds_one(
    run: Run, anomalies: Words, noon: datetime
) -> None:
    shown = run(*anomalies, "cost", "--bucket", "day").stdout
    yesterday = noon.date() - timedelta(days=1)
    row = next(line for line in shown.splitlines() if yesterday.isoformat() in line and "$" in line)
    assert row.split()[:4] == [f"{yesterday:%a}", yesterday.isoformat(), "cost", "$40.00"]
    assert "critical" in row
    assert "Chance alone finds about 1 in as many quiet days (1 in 28)." in shown


def test_the_document_has_anomalies_and_what_was_looked_at(document: Ask, anomalies: Words) -> None:
    answer = document(*anomalies, "--bucket", "day", "--by", "agent")
    assert [series["metric"] for series in answer["series"]][:3] == ["cost", "tokens", "operations"]
    assert {series["key"] for series in answer["series"]} == {"coder"}
    dear = answer["anomalies"][0]
    assert (dear["metric"], dear["key"], dear["value"], dear["cause"]) == ("cost", "coder", 40.0, "value")
    assert dear["deviation_percent"] == pytest.approx((40 / dear["expected"] - 1) * 100)
    assert answer["expected_false"] == pytest.approx(answer["series"][0]["tested"] * 5 / 28)


def test_too_little_history_says_what_would_do(run: Run, anomalies: Words) -> None:
    shown = run(*anomalies, "cost", "--bucket", "day", "--alpha", "0.001").stdout
    assert "Too little history" in shown
    assert "cost: 70 days of history, 1,013 are needed; --alpha 0.0179 would do." in shown


def test_days_that_were_not_judged_are_counted(run: Run, document: Ask, noon: datetime, tmp_path: Path) -> None:
    """Of 45 days 41 come before the first that can be judged, so 24 of the last 28 are not."""
    midnight = noon.replace(hour=0)
    with agentgauge.open(tmp_path / "home") as gauge:
        for day in range(1, 46):
            gauge.llm_call("m", input_tokens=1000 + day % 4, cost_usd="3", at=midnight - timedelta(days=day))
    asked = (
        "anomalies",
        "cost",
        "tokens",
        "--bucket",
        "day",
        "--home",
        str(tmp_path / "home"),
        "--tz",
        str(noon.tzinfo),
    )
    cost = document(*asked)["series"][0]
    assert (cost["in_window"], cost["tested"], cost["needed"]) == (28, 4, 41)
    shown = run(*asked).stdout
    said = "24 of 28 days not judged: 41 days of history are needed; --alpha 0.1 would judge more."
    assert " ".join(shown.split()).count(said) == 1
    assert document(*asked, "--alpha", "0.1")["series"][0]["tested"] > 4


def test_where_all_were_judged_nothing_is_said_of_it(run: Run, anomalies: Words) -> None:
    assert "not judged" not in run(*anomalies, "operations", "--bucket", "day", "--since", "7d").stdout


def test_nothing_unusual_is_said(run: Run, anomalies: Words) -> None:
    assert "No anomalies among " in run(*anomalies, "operations", "--bucket", "day").stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--bucket", "month"), "say hour or day"),
        (("--alpha", "2"), "from 1e-06 to below 1"),
        (("tokenz",), "did you mean tokens?"),
    ],
)
def test_what_cannot_be_asked_is_one_line(run: Run, anomalies: Words, arguments: tuple[str, ...], said: str) -> None:
    result = run(*anomalies, *arguments)
    assert result.exit_code == 2
    assert said in result.output

"""`agentgauge top` where it prints what goes on now and ends, and as one document."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import agentgauge
from agentgauge.cli.output import Screen
from agentgauge.cli.top_reading import Reading
from agentgauge.cli.top_screen import TopScreen
from agentgauge.forwarding.spool import ship_to
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.database import Database
from tests.cli.conftest import Run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two agents that have just worked on tickets, with and without a price."""
    place = tmp_path / "home"
    with agentgauge.open(place, project="shop") as gauge:
        with gauge.scope(agent="coder", role="coding", ticket="PROJ-456"), gauge.span("turn"):
            gauge.llm_call("in-house", input_tokens=30_000, output_tokens=1_000, cost_usd="1.20")
            gauge.tool_call("grep", success=False)
        with gauge.scope(agent="a-reviewer-with-quite-a-long-name", ticket="PROJ-457"):
            gauge.llm_call("in-house", input_tokens=5, output_tokens=5)
    return place


def alert(home: Path, severity: Any, message: str) -> None:
    found = Detected(condition=message, type="error_rate", severity=severity, metric="error_rate", message=message)
    AlertBook(Database(home / "state.db")).detect(found, datetime.now(UTC))


@pytest.mark.parametrize("columns", [80, 140])
def test_what_goes_on_is_printed_once(
    run: Run, home: Path, noon: datetime, columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("budget", "set", "agent:coder", "1.25", "--since", "1h", "--home", home)
    run("budget", "set", "project:shop", "30", "--per", "month", "--home", home)
    alert(home, "warning", "tool calls of coder fail more often than they did: " + 20 * "very " + "often")
    alert(home, "critical", "budget agent:coder is used up")
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("top", "--once", "--home", home, "--tz", noon.tzinfo)
    assert shown.exit_code == 0, shown.output
    lines = shown.stdout.splitlines()
    assert max(map(len, lines)) <= columns
    said = [" ".join(line.split()) for line in lines]
    assert said[0].startswith("agentgauge top as of ")
    assert said[1] == "today $1.20+ hour $1.20+ per minute $0.2400, 6,202 tokens unpriced 1"
    assert said[2] == "running 0 in 5 min 2 calls, 1 tool call failed 1"
    assert "Spend per minute at most $1.20" in said
    (coder,) = [line for line in said if line.startswith("○ coder")]
    assert ("coding shop" in coder) == (columns == 140)
    assert "PROJ-456 ended turn" in coder
    assert "$1.20" in coder
    assert [line.split()[0] for line in said if line.endswith((" critical", " ok"))] == ["agent:coder", "project:shop"]
    first = said.index("Active alerts") + 1
    assert [line.split()[0] for line in said[first : first + 2]] == ["critical", "warning"]


def test_without_a_terminal_it_prints_once(run: Run, home: Path) -> None:
    assert "○ coder" in run("top", "--home", home).stdout


def test_a_screen_without_blocks_has_plain_characters(run: Run, home: Path) -> None:
    shown = run("top", "--home", home, env={"PYTHONIOENCODING": "ascii"})
    assert shown.exit_code == 0, shown.output


def test_as_a_document_it_has_every_figure(document: Callable[..., Any], run: Run, home: Path, noon: datetime) -> None:
    run("budget", "set", "agent:coder", "5", "--since", "1h", "--home", home)
    alert(home, "critical", "something")
    found = document("top", "--home", home, "--tz", noon.tzinfo)
    assert (found["home"], found["ships_to"], found["recent_minutes"]) == (str(home), None, 5)
    assert (found["today"]["unpriced_calls"], found["hour"]["cost_usd"]) == (1, "1.2")
    assert (found["cost_per_minute_usd"], found["tokens_per_minute"]) == ("0.24", 6202.0)
    assert len(found["minutes"]) == 60
    agents = {one["agent"]: one for one in found["agents"]}
    coder = agents["coder"]
    assert (coder["state"], coder["doing"], coder["work_item"], coder["cost_usd"]) == (
        "seen", "ended turn", "PROJ-456", "1.2",
    )  # fmt: skip
    assert agents["a-reviewer-with-quite-a-long-name"]["cost_usd"] is None
    assert [one["used_usd"] for one in found["budgets"]] == ["1.2"]
    assert [one["message"] for one in found["alerts"]] == ["something"]


def test_in_an_empty_home_it_says_what_sends_data(run: Run, document: Callable[..., Any], tmp_path: Path) -> None:
    shown = run("top", "--once", "--home", tmp_path / "new")
    assert "Nothing has been recorded here. Look at a recorded session with 'agentgauge demo'." in shown.stdout
    assert "does not exist yet" in shown.stderr
    found = document("top", "--home", tmp_path / "new")
    assert (found["agents"], found["last"], found["today"]["cost_usd"]) == ([], None, "0")
    assert not (tmp_path / "new").exists()


def test_of_a_home_with_old_events_alone_it_says_when_the_last_was(run: Run, tmp_path: Path) -> None:
    with agentgauge.open(tmp_path) as gauge:
        gauge.llm_call("in-house", cost_usd="1", at=datetime(2026, 3, 2, 10, tzinfo=UTC))
    shown = run("top", "--once", "--home", tmp_path).stdout
    assert "No calls with tokens or a cost in the last hour." in shown
    assert "No agent is at work. The last event was " in shown


def test_of_a_home_that_ships_it_says_what_is_read_and_whose_the_budgets_are(run: Run, home: Path) -> None:
    ship_to(home, "http://127.0.0.1:9")
    shown = run("top", "--once", "--home", home)
    assert shown.exit_code == 0, shown.output
    assert "What is recorded here goes to http://127.0.0.1:9: ask that server." in shown.stdout
    assert "Budgets: " in shown.stdout


@pytest.mark.parametrize(("height", "has_chart"), [(12, False), (24, True), (40, True)])
def test_a_screen_is_filled_to_its_last_line_and_does_without_the_chart_before_agents(
    run: Run, home: Path, height: int, has_chart: bool
) -> None:
    for name in ("agent:coder", "project:shop", "ticket:PROJ-456"):
        run("budget", "set", name, "5", "--since", "1h", "--home", home)
    alert(home, "critical", "something")
    out = Screen(file=io.StringIO(), width=80, height=height, legacy_windows=False)
    with Reading(str(home), UTC) as reading:
        out.print(TopScreen(UTC, unicode=True).frame(reading.look(), datetime.now(UTC), 80, height, foot="the keys"))
    lines = out.file.getvalue().rstrip("\n").split("\n")  # type: ignore[attr-defined]
    assert (len(lines), lines[-1]) == (height, "the keys")
    assert max(map(len, lines)) <= 80
    assert ("Spend per minute" in "".join(lines)) == has_chart
    assert {line.split()[1] for line in lines if line.startswith("○ ")} == {"coder", "a-reviewer-with...", "seen"}


@pytest.mark.parametrize("interval", ["0", "often"])
def test_an_interval_that_is_none_is_refused(run: Run, interval: str) -> None:
    refused = run("top", "--interval", interval)
    assert refused.exit_code == 2
    assert "--interval" in refused.stderr

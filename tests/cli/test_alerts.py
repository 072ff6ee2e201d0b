"""`agentgauge alerts`: what a person and a script see, and do about it."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from agentgauge.policies.alerts.rules import DEFAULTS
from agentgauge.settings import resolve_home
from agentgauge.settings.server import get_server_settings
from agentgauge.state import state_of
from agentgauge.state.alert_evidence import Comparison, Evidence, Range, Span
from agentgauge.state.alerts import AlertBook, Detected
from agentgauge.state.opening import shared_state
from tests.cli.conftest import Run

Ask = Callable[..., Any]
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
OVERRUN = Detected(
    condition="budget 3", rule="budget_overrun", type="budget_overrun", severity="warning", metric="budget_utilization",
    agent_name="coder", project="shop", current_value=24.5, expected_value=30.0, threshold_value=24.0,
    message="Budget alert: coder at 81.7% utilization ($24.50/$30.00)",
)  # fmt: skip
ODD = Detected(
    condition="odd", rule="anomaly", type="anomaly", severity="info", metric="cost", message="cost was [bold]odd"
)


@pytest.fixture
def book(tmp_path: Path) -> AlertBook:
    book = AlertBook(state_of(resolve_home(tmp_path)))
    book.detect(OVERRUN, NOON)
    book.detect(ODD, NOON + HOUR)
    return book


def test_active_alerts_come_before_those_that_somebody_acknowledged(run: Run, book: AlertBook, tmp_path: Path) -> None:
    book.acknowledge(2, "ann@example.org", NOON + HOUR)
    shown = run("alerts", "list", "--home", tmp_path).stdout.splitlines()
    assert shown[2].split()[:4] == ["1", "2026-03-02", "12:00", "warning"]
    assert shown[2].endswith("active")
    assert "project shop" in shown[3]
    assert shown[4].split()[:4] == ["2", "2026-03-02", "13:00", "info"]
    assert "cost was [bold]odd" in shown[4]
    assert shown[4].endswith("acknowledged")
    assert shown[5].strip() == "acknowledged by ann@example.org"


def test_resolved_ones_are_listed_when_asked_for(run: Run, document: Ask, book: AlertBook, tmp_path: Path) -> None:
    book.evaluated("anomaly", [], NOON + HOUR)
    assert [alert["id"] for alert in document("alerts", "list", "--home", tmp_path)] == [1]
    assert [alert["id"] for alert in document("alerts", "list", "--status", "all", "--home", tmp_path)] == [1, 2]
    assert [alert["id"] for alert in document("alerts", "list", "--status", "resolved", "--home", tmp_path)] == [2]
    assert document("alerts", "list", "--severity", "info", "--home", tmp_path) == []
    assert document("alerts", "list", "--project", "blog", "--home", tmp_path) == []
    assert "by itself" in run("alerts", "list", "--status", "all", "--home", tmp_path).stdout
    none = run("alerts", "list", "--severity", "info", "--home", tmp_path)
    assert (none.stdout, none.exit_code) == ("There are no open alerts.\n", 0)


def test_what_is_beyond_the_limit_is_said(run: Run, book: AlertBook, tmp_path: Path) -> None:
    shown = run("alerts", "list", "--limit", "1", "--home", tmp_path)
    assert "1 more: --limit shows more of them" in shown.stderr
    assert "Budget alert" not in shown.stdout


def test_an_alert_is_shown_with_what_happened_to_it(run: Run, document: Ask, book: AlertBook, tmp_path: Path) -> None:
    book.acknowledge(1, "ann", NOON + HOUR)
    book.detect(msgspec.structs.replace(OVERRUN, severity="critical", current_value=29.9), NOON + 2 * HOUR)
    shown = run("alerts", "show", "1", "--home", tmp_path).stdout
    assert shown.splitlines()[0] == "alert 1  critical  active"
    steps = [line.split()[2:] for line in shown.splitlines() if line.startswith("2026-03-02")]
    assert steps == [
        ["opened", "itself", "warning", "$24.50"], ["acknowledged", "ann", "warning", "$24.50"],
        ["escalated", "itself", "critical", "$29.90"],
    ]  # fmt: skip
    whole = document("alerts", "show", "1", "--home", tmp_path)
    assert (whole["severity"], whole["rule"], [step["kind"] for step in whole["history"]]) == (
        "critical", "budget_overrun", ["opened", "acknowledged", "escalated"],
    )  # fmt: skip


def test_an_alert_is_shown_with_what_it_was_raised_from(
    run: Run, document: Ask, book: AlertBook, tmp_path: Path
) -> None:
    evidence = Evidence(
        window=Span(start=NOON - HOUR, end=NOON), value=340.0, unit="ms", samples=1200,
        expected=Range(low=98.0, high=131.0), filters={"project": None, "agent": "coder"},
        baseline=Comparison(start=NOON - 9 * HOUR, end=NOON - HOUR, count=8, of="hours"),
    )  # fmt: skip
    book.detect(msgspec.structs.replace(ODD, condition="slow", evidence=evidence), NOON)
    shown = [line.strip() for line in run("alerts", "show", "3", "--home", tmp_path, "--tz", "UTC").stdout.splitlines()]
    for said in (
        "accepted       98 ms to 131 ms",
        "window         2026-03-02 11:00 to 2026-03-02 12:00",
        "samples        1,200",
        "compared with  8 hours, 2026-03-02 03:00 to 2026-03-02 11:00",
        "rows           project=, agent=coder",
    ):
        assert said in shown
    whole = document("alerts", "show", "3", "--home", tmp_path)
    assert whole["evidence"]["window"] == {"start": "2026-03-02T11:00:00Z", "end": "2026-03-02T12:00:00Z"}
    assert whole["history"][0]["figures"]["evidence"] == whole["evidence"]
    listed = document("alerts", "list", "--home", tmp_path)
    assert {alert["id"]: alert["evidence"] for alert in listed} == {1: None, 2: None, 3: whole["evidence"]}


def test_alerts_are_attended_to_and_that_is_taken_back(
    run: Run, document: Ask, book: AlertBook, tmp_path: Path
) -> None:
    done = document("alerts", "ack", "1", "2", "--home", tmp_path)
    assert [(alert["id"], alert["status"]) for alert in done] == [(1, "acknowledged"), (2, "acknowledged")]
    assert done[0]["acknowledged_by"].endswith("command line)")
    said = run("alerts", "resolve", "1", "--home", tmp_path)
    assert said.stdout == f"1 is resolved: {OVERRUN.message}\n"
    assert document("alerts", "undo", "1", "--home", tmp_path)[0]["status"] == "acknowledged"
    assert book.get(1).status == "acknowledged"


def test_those_that_cannot_be_acted_on_are_named_and_the_others_are_done(
    run: Run, book: AlertBook, tmp_path: Path
) -> None:
    book.resolve(2, "ann", NOON)
    said = run("alerts", "ack", "2", "9", "1", "--home", tmp_path)
    assert said.exit_code == 2
    assert said.stdout.startswith("1 is acknowledged")
    assert "alert 2 was resolved at 2026-03-02 12:00 UTC" in said.stderr
    assert "no alert 9" in said.stderr
    assert run("alerts", "show", "9", "--home", tmp_path).exit_code == 2


def test_a_terminal_gets_whole_words(book: AlertBook, tmp_path: Path) -> None:
    said = " ".join(["budgets"] * 30)
    book.detect(msgspec.structs.replace(ODD, condition="long", message=said), NOON)
    for command, before in ((("show", "3"), ""), (("ack", "3"), "3 is acknowledged: ")):
        shown = _at_a_terminal("alerts", *command, "--home", str(tmp_path))
        assert f"{before}{said}" in " ".join(shown.split())
        assert max(len(line.rstrip()) for line in shown.splitlines() if "budgets" in line) <= 80


def _at_a_terminal(*command: str) -> str:
    """What a terminal of 80 columns is given."""
    ours, its = pty.openpty()
    env = {**os.environ, "COLUMNS": "80", "NO_COLOR": "1", "TERM": "xterm"}
    ran = subprocess.Popen([sys.executable, "-m", "agentgauge", *command], stdout=its, stderr=its, env=env)
    os.close(its)
    shown = b""
    with suppress(OSError):  # Linux says so when the other end is closed
        while more := os.read(ours, 4096):
            shown += more
    os.close(ours)
    assert ran.wait(timeout=60) == 0
    return shown.decode()


def test_what_is_no_number_of_an_alert_is_answered_with_where_they_are(run: Run, tmp_path: Path) -> None:
    for act in ("ack", "undo", "resolve", "show"):
        said = run("alerts", act, "foo", "--home", tmp_path)
        assert said.exit_code == 2
        assert "'foo' is no alert's number, which 'agentgauge alerts list' shows" in said.stderr


def test_a_home_that_is_not_there_is_not_made(run: Run, tmp_path: Path) -> None:
    home = tmp_path / "absent"
    listed = run("alerts", "list", "--home", home)
    assert (listed.exit_code, listed.stdout) == (0, "There are no open alerts.\n")
    assert "does not exist yet" in listed.stderr
    assert run("alerts", "ack", "1", "--home", home).exit_code == 2
    assert run("alerts", "rules", "--home", home).exit_code == 0
    assert not home.exists()


def test_the_database_of_a_server_is_asked_where_one_is_named(
    document: Ask, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DATABASE_URL", postgres_url)
    store = shared_state(get_server_settings(tmp_path))
    store.upgrade()
    AlertBook(store).detect(OVERRUN, NOON)
    assert document("alerts", "ack", "1", "--home", tmp_path)[0]["status"] == "acknowledged"
    assert [alert["id"] for alert in document("alerts", "list", "--home", tmp_path)] == [1]
    assert {rule["source"] for rule in document("alerts", "rules", "--home", tmp_path)["rules"]} == {"default"}


def test_rules_are_shown_with_where_they_come_from(run: Run, document: Ask, tmp_path: Path) -> None:
    (tmp_path / "alerts.toml").write_text(
        '[[rule]]\nname = "checkout-errors"\ntype = "error_rate"\nagent = "checkout"\nby = ""\nthreshold = 12\n'
        '[[rule]]\nname = "outlier"\nenabled = false\n'
    )
    shown = run("alerts", "rules", "--home", tmp_path).stdout
    lines = shown.splitlines()
    row = next(number for number, line in enumerate(lines) if line.startswith("checkout-errors (error_rate)"))
    assert lines[row].endswith("file")
    assert lines[row + 1].startswith("  more than 12 % of operations without success in 1 h")
    assert any(line.startswith("outlier (off)") for line in lines)
    assert {line.split()[0] for line in lines[2:] if not line.startswith(" ")} == {
        "checkout-errors",
        *(rule.name for rule in DEFAULTS),
    }, "what a rule alerts of is not taken for one"
    rules = document("alerts", "rules", "--home", tmp_path)
    assert {rule["name"]: rule["source"] for rule in rules["rules"]}["anomaly"] == "default"
    assert rules["problems"] == []


def test_a_broken_file_is_told_of_and_found_before_it_is_in_use(run: Run, document: Ask, tmp_path: Path) -> None:
    file = tmp_path / "alerts.toml"
    file.write_text('[[rule]]\nname = "error_rate"\nthreshold = 30\n')
    assert run("alerts", "rules", "check", file).stdout == f"{file}: 1 rule: error_rate; 0 channels\n"
    file.write_text('[[rule]]\nname = "error_rate"\nthreshold = 300\n')
    checked = run("alerts", "rules", "check", file)
    assert checked.exit_code == 1
    assert checked.stdout.startswith(f"{file}:3: rule 'error_rate', threshold: it is 0 to 100")
    assert document("alerts", "rules", "check", file, code=1)["problems"] == [checked.stdout.strip()]
    listed = run("alerts", "rules", "--home", tmp_path)
    assert listed.exit_code == 1
    assert listed.stderr == f"problem: {checked.stdout}"
    assert checked.stdout.strip() in document("doctor", "--home", tmp_path, code=1)["problems"]
    file.write_text("[[rule")
    assert sum("alerts.toml" in problem for problem in document("doctor", "--home", tmp_path, code=1)["problems"]) == 1
    assert run("alerts", "rules", "check", file).stdout.count("alerts.toml") == 1
    assert run("alerts", "rules", "check", tmp_path / "absent.toml").exit_code == 2


def test_channels_of_a_file_are_checked_with_its_rules(run: Run, document: Ask, tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text('[[channel]]\nname = "ops"\nurl = "json://localhost"\n[[rule]]\nname = "outlier"\n')
    checked = run("alerts", "rules", "check", file)
    assert (checked.exit_code, checked.stdout) == (0, f"{file}: 1 rule: outlier; 1 channel: ops\n")
    file.write_text('[[channel]]\nname = "ops"\n[[rule]]\nname = "outlier"\nthreshhold = 1\n')
    both = document("alerts", "rules", "check", file, code=1)["problems"]
    assert ["threshhold" in both[0], "channel 'ops': give it either url or url_env" in both[1]] == [True, True]


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ('[[channel]]\nname = "ops"\nurl = "json://localhost"\nmin_severity = "warn"', "did you mean warning?"),
        ('[channel]\nname = "ops"\nurl = "json://localhost"', "begin each with [[channel]]"),
        ('[[channel]]\nname = "ops"\nurl = "json:/localhost"', "not the URL of a channel"),
        ('[[channel]]\nname = "ops"\nurl = "https://example.org/T0ps3cret"', "begins with jsons://, not https://"),
    ],
    ids=range(4),
)
def test_a_channel_that_cannot_be_used_is_found_before_it_is_in_use(
    run: Run, tmp_path: Path, channel: str, said: str
) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(channel)
    checked = run("alerts", "rules", "check", file)
    assert checked.exit_code == 1
    assert said in checked.stdout
    assert "T0ps3cret" not in checked.stdout

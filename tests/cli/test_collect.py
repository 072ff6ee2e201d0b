"""`agentgauge collect code`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run
from tests.recorder import reading

DATA = Path(__file__).parent.parent / "data" / "coverage"


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    """A commit of one file, to which a line was added since."""
    place = tmp_path / "repo"
    place.mkdir()
    file = place / "a.py"
    file.write_text("1\n")
    who = {f"GIT_{role}_{what}": "a@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    for command in ("init -q", "add .", "commit -qm first"):
        subprocess.run(["git", "-C", str(place), *command.split()], check=True, env=os.environ | who)
    file.write_text("1\n2\n")
    return place


def _asked(repo: Path, *more: object) -> tuple[object, ...]:
    reports = ("--coverage", DATA / "coverage.json", "--coverage", DATA / "lcov.info", "--tests", DATA / "junit.xml")
    return ("collect", "code", "--base", "HEAD", "--repo", repo, *reports, *more)


def test_the_figures_are_shown(run: Run, repo: Path) -> None:
    shown = [line.split() for line in run(*_asked(repo)).stdout.splitlines()]
    assert shown == [
        ["Files", "created", "0"],
        ["Files", "modified", "1"],
        ["Files", "deleted", "0"],
        ["Lines", "+1", "-0"],
        ["Coverage", "93.3", "%", "of", "lines"],
        ["Tests", "passed", "4", "of", "6", "run"],
    ]


def test_what_is_not_known_is_not_shown_and_null_in_json(run: Run, document: Callable[..., Any], repo: Path) -> None:
    asked = ("collect", "code", "--base", "HEAD", "--repo", repo)
    assert "Coverage" not in run(*asked).stdout
    answer = document(*asked)
    assert (answer["lines_added"], answer["test_coverage_percent"]) == (1, None)


def test_nothing_is_recorded_unless_a_run_or_an_issue_is_named(run: Run, repo: Path) -> None:
    assert run(*_asked(repo)).exit_code == 0
    assert not Path(os.environ["AGENTGAUGE_HOME"]).exists()


def test_figures_of_a_run_and_an_issue_are_measurements_that_questions_find(
    run: Run, document: Callable[..., Any], repo: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    document(*_asked(repo, "--home", home, "--run", "r-17", "--issue", "3"))
    figures = {event.name: event for event in reading.events(home)}
    assert figures["lines_added"].value == 1
    assert (figures["test_coverage_percent"].unit, figures["tests_passed"].value) == ("%", 4)
    assert {(event.run, event.issue) for event in figures.values()} == {("r-17", "3")}
    asked = "SELECT value FROM events WHERE name = 'tests_run' AND issue = '3' AND attributes->>'base' = 'HEAD'"
    assert document("sql", asked, "--home", home) == [{"value": 6.0}]


def test_what_no_report_says_is_not_recorded(run: Run, repo: Path, tmp_path: Path) -> None:
    run("collect", "code", "--base", "HEAD", "--repo", repo, "--home", tmp_path / "home", "--run", "r")
    names = {event.name for event in reading.events(tmp_path / "home")}
    assert "lines_added" in names
    assert not names & {"test_coverage_percent", "tests_run", "tests_passed"}


def test_where_recording_is_switched_off_it_is_said(run: Run, repo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ENABLE_METRICS_PERSISTENCE", "false")
    result = run(*_asked(repo, "--run", "r"))
    assert (result.exit_code, result.stderr) == (0, "note: nothing is recorded, ENABLE_METRICS_PERSISTENCE=false\n")
    assert not Path(os.environ["AGENTGAUGE_HOME"]).exists()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--base", "nowhere"), "'nowhere' names no commit of"),
        (("--base", "HEAD", "--repo", "/"), "has no working tree of git"),
        (("--base", "HEAD", "--coverage", "gone.xml"), "gone.xml: No such file or directory"),
        (("--base", "HEAD", "--home", "somewhere"), "name their --run or --issue too"),
        ((), "missing option '--base'"),
    ],
)
def test_a_mistake_is_one_sentence(run: Run, repo: Path, more: tuple[str, ...], said: str) -> None:
    result = run("collect", "code", "--repo", repo, *more)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert (result.stderr[:7], result.stderr.count("\n")) == ("error: ", 1)


def test_the_group_alone_asks_for_its_command(run: Run) -> None:
    result = run("collect")
    assert result.exit_code == 2
    assert result.stderr.startswith("error: missing command; see '")

"""`agentgauge import`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Run

Ask = Callable[..., Any]
LOGS = Path(__file__).parent.parent / "data" / "agent_logs"


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A pi session of which one line is broken."""
    file = tmp_path / "session.jsonl"
    with resources.as_file(resources.files("agentgauge") / "data" / "demo_session.jsonl") as recorded:
        shutil.copy(recorded, file)
    lines = file.read_bytes().splitlines(keepends=True)
    lines.insert(3, b'{"type": "message", "id": \n')
    file.write_bytes(b"".join(lines))
    return file


def test_import_says_what_it_recorded_and_names_broken_lines(run: Run, session: Path, tmp_path: Path) -> None:
    result = run("import", "pi", session, "--home", tmp_path / "home")
    assert result.exit_code == 0, result.output
    assert "55 tasks, 484 model calls, 454 tool calls" in result.stdout
    assert f"{session}:4 (byte " in result.stdout
    assert "Skipped 1 line that could not be read:" in result.stdout
    assert "agrees with our prices" in result.stdout


def test_importing_again_adds_nothing_and_says_so(document: Ask, run: Run, session: Path, tmp_path: Path) -> None:
    first = document("import", "pi", session, "--home", tmp_path / "home")
    again = document("import", "pi", session, "--home", tmp_path / "home")
    assert first["by_kind"]["llm_call"] == 484
    assert (again["recorded"], again["known"]) == (0, first["events"])
    assert "Nothing new" in run("import", "pi", session, "--home", tmp_path / "home").stdout
    report = document("report", "--home", tmp_path / "home")
    assert report["overview"]["calls"] == 484


def test_broken_lines_beyond_ten_are_counted(run: Run, session: Path, tmp_path: Path) -> None:
    session.write_bytes(session.read_bytes() + b"{broken\n" + b"".join(b"{broken %d\n" % n for n in range(11)))
    shown = run("import", "pi", session, "--home", tmp_path / "home").stdout
    assert "Skipped 13 lines that could not be read" in shown
    assert "and 3 more" in shown


def test_what_the_journal_has_no_room_for_is_said_and_ends_with_1(
    run: Run, document: Ask, session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_JOURNAL_MAX_MB", "0")
    result = run("import", "pi", session, "--home", tmp_path / "home")
    assert result.exit_code == 1, result.output
    assert "Dropped: " in result.stdout
    assert document("import", "pi", session, "--home", tmp_path / "home", code=1)["dropped"]


def test_an_import_that_would_keep_nothing_is_refused(
    run: Run, session: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AGENTGAUGE_DISABLED", "1")
    result = run("import", "pi", session, "--home", tmp_path / "home")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "AGENTGAUGE_DISABLED" in result.stderr


@pytest.mark.parametrize(
    ("source", "file"), [("claude-code", "ccusage_claude_alpha.jsonl"), ("codex", "ccusage_codex_alpha.jsonl")]
)
def test_logs_of_other_agents_become_calls(document: Ask, tmp_path: Path, source: str, file: str) -> None:
    imported = document("import", source, LOGS / file, "--home", tmp_path / "home")
    assert imported["by_kind"]["llm_call"] > 0
    assert document("report", "--home", tmp_path / "home")["overview"]["calls"] == imported["by_kind"]["llm_call"]


def test_a_log_of_another_agent_is_refused_with_what_it_looks_like(run: Run, session: Path, tmp_path: Path) -> None:
    result = run("import", "codex", session, "--home", tmp_path / "home")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "log of pi" in result.stderr


def test_a_path_that_names_nothing_is_refused(run: Run, tmp_path: Path) -> None:
    result = run("import", "pi", tmp_path / "nothing", "--home", tmp_path / "home")
    assert result.exit_code == 2
    assert "no such file" in result.stderr


def test_events_that_stand_in_several_files_are_told_apart_from_known_ones(
    run: Run, document: Ask, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for name in ("first.jsonl", "copy.jsonl"):
        shutil.copy(LOGS / "ccusage_claude_alpha.jsonl", logs / name)
    answer = document("import", "claude-code", logs, "--home", tmp_path / "home")
    assert answer["repeated"] == answer["events"] == answer["recorded"]
    assert answer["known"] == 0
    assert sum(answer["by_kind"].values()) == answer["recorded"]
    again = run("import", "claude-code", logs, "--home", tmp_path / "home").stdout
    assert f"{answer['repeated']} events stand in several files, taken once." in again
    assert f"Already there: {answer['events']} events." in again


def test_an_import_names_the_home_and_the_next_command(run: Run, session: Path, tmp_path: Path) -> None:
    shown = run("import", "pi", session, "--home", tmp_path / "home").stdout
    assert f"The home is {tmp_path / 'home'}. Next: " in shown
    assert shown.rstrip().endswith(f" report --home {tmp_path / 'home'}")


def test_a_folder_without_logs_is_said(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = run("import", "pi", tmp_path / "empty", "--home", tmp_path / "home")
    assert result.exit_code == 0
    assert result.stdout == f"No logs in {tmp_path / 'empty'}: no *.jsonl and no *.json below.\n"

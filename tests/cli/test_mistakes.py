"""What is mistyped is answered in one line that says what was probably meant."""

from __future__ import annotations

import sys
import sysconfig
from pathlib import Path

import pytest

from agentgauge.cli.program_name import program_name
from tests.cli.conftest import Run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("report", "--limit", "0"), "error: invalid value for '--limit': Input should be greater than or equal to 1;"),
        (("report", "--lmit", "3"), "error: no such option: --lmit (Possible options: --limit"),
        (("doctr",), "Did you mean 'doctor'?"),
        (("--home", "x"), "error: no such option: --home"),
        (("import", "claude", "x"), "did you mean claude-code? see '"),
        (("export", "jsn"), "did you mean json?"),
        (("prices",), "error: missing argument 'model'; see '"),
    ],
)
def test_a_usage_error_is_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
    assert result.stderr.startswith("error: ")
    assert result.stderr.count("\n") == 1
    assert "Value error" not in result.stderr


def test_help_has_a_short_option_everywhere(run: Run) -> None:
    assert run("-h").stdout == run("--help").stdout
    assert run("report", "-h").stdout == run("report", "--help").stdout


def test_every_command_is_explained_in_one_whole_line(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    commands = run("--help").stdout.partition("Commands:\n")[2].splitlines()
    assert len(commands) > 20
    assert [line for line in commands if not line.endswith(".") or line.endswith("...")] == []


def test_no_command_shows_the_help(run: Run) -> None:
    assert "Commands:" in run().output


@pytest.mark.parametrize("group", ["budget", "alerts", "keys", "jobs", "db"])
def test_a_group_without_a_command_shows_its_help_as_it_is(run: Run, group: str) -> None:
    alone = run(group)
    assert alone.exit_code == run().exit_code == 2
    assert alone.output.strip() == run(group, "--help").output.strip()


def test_a_suggested_command_begins_as_the_reader_can_type_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = tmp_path / ".venv" / "bin"
    scripts.mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sysconfig, "get_path", {"scripts": str(scripts)}.get)
    monkeypatch.setattr(sys, "argv", ["pytest"])
    assert program_name().endswith(" -m agentgauge")
    script = scripts / "agentgauge"
    script.touch(0o755)
    assert program_name() == ".venv/bin/agentgauge"
    monkeypatch.chdir(scripts)
    assert program_name() == "./agentgauge"
    monkeypatch.chdir("/")
    monkeypatch.setattr(sys, "argv", [str(script), "demo"])
    assert program_name() == str(script).removeprefix("/")
    monkeypatch.setenv("PATH", str(scripts))
    assert program_name() == "agentgauge"


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("report", "--where", "agnt=coder"), "did you mean agent?"),
        (("report", "--where", "agent~coder"), "one of = != < <= > >="),
        (("report", "--where", "duration_ms>slow"), "compared with a number"),
        (("report", "--where", "agent>3"), "compare it with = or !="),
        (("report", "--where", "outcome=succes"), "did you mean success?"),
        (("report", "--where", "time=1"), "since and until"),
        (("report", "--by", ""), "names no dimension: usual are model"),
        (("percentiles", "latency", "--by", ","), "names no dimension: usual are model"),
        (("report", "--by", "agnt"), "did you mean agent?"),
        (("report", "--each"), "add --bucket day"),
        (("report", "--each", "--bucket", "day", "--by", "tool"), "tools have no course over time"),
        (("report", "--by", "tool,model"), "take --by tool alone"),
        (("report", "--tz", "Berlin"), "use an IANA name such as UTC or Europe/Berlin"),
        (("report", "--bucket", "year"), "use one of 15min, hour, day, week, month"),
        (("report", "--since", "soon"), "30m, 12h, 7d"),
        (("percentiles", "latncy"), "did you mean latency?"),
        (("percentiles", "cost", "--per", "day"), "per operation or per call"),
        (("flame", "trun"), "did you mean turn?"),
        (("compare", "--by", "temperature", "--unit", "user"), "record one with attributes={'temperature': ...}\n"),
        (("compare", "--by", "modle", "--unit", "user"), "did you mean model?"),
    ],
)
def test_what_cannot_be_asked_is_one_line_that_says_what_can(
    run: Run, home: Path, arguments: tuple[str, ...], advice: str
) -> None:
    result = run(*arguments, "--home", home)
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (2, "", 1)
    assert advice in result.stderr


def test_a_dimension_that_is_named_twice_is_one(run: Run, home: Path) -> None:
    assert "By agent\n" in run("report", "--by", "agent,agent", "--home", home).stdout


QUESTIONS = (
    ("explain", "--window", "2026-03-02", "--against", "previous"),
    ("anomalies", "--until", "2026-03-03"),
    ("compare", "--by", "model", "--unit", "user", "--metric", "tokens"),
    ("percentiles", "latency"),
    ("trends", "cost", "--since", "2026-03-01", "--until", "2026-03-04"),
    ("outliers", "latency"),
    ("forecast", "--since", "2026-03-01"),
    ("correlate", "cost", "tokens", "--unit", "user"),
)


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_a_value_that_was_never_recorded_is_refused(run: Run, home: Path, question: tuple[str, ...]) -> None:
    result = run(*question, "--where", "agent=revewer", "--home", home)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == ("error: no event has agent 'revewer': did you mean reviewer? There are coder, reviewer\n")


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_an_attribute_that_was_never_recorded_is_refused(run: Run, home: Path, question: tuple[str, ...]) -> None:
    result = run(*question, "--where", "nosuch=x", "--home", home)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no column is called 'nosuch' and no event has an attribute of that name" in result.stderr


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question[0])
def test_the_screen_says_that_the_answer_is_of_a_part(run: Run, home: Path, question: tuple[str, ...]) -> None:
    assert "where agent=reviewer" in run(*question, "--where", "agent=reviewer", "--home", home).stdout
    assert "where" not in run(*question, "--home", home).stdout


@pytest.mark.parametrize("command", [("trends", "latency", "--since", "2026-03-01"), ("outliers", "latency")])
def test_agents_and_roles_are_conditions_too(run: Run, home: Path, command: tuple[str, ...]) -> None:
    shown = run(*command, "--where", "user=bob", "--agent", "reviewer", "--home", home).stdout
    assert "where user=bob, agent=reviewer\n" in shown
    assert "did you mean reviewer?" in run(*command, "--agent", "revewer", "--home", home).stderr
    assert "no event has role 'lead', and none has another" in run(*command, "--role", "lead", "--home", home).stderr


@pytest.mark.parametrize(
    "command",
    [
        ("trends", "latency", "--since", "2026-03-01"),
        ("percentiles", "latency"),
        ("outliers", "latency"),
        ("anomalies", "latency", "--until", "2026-03-03"),
    ],
)
def test_a_dimension_that_nothing_has_is_refused(run: Run, home: Path, command: tuple[str, ...]) -> None:
    result = run(*command, "--by", "nosuch", "--home", home)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "no column is called 'nosuch' and no event of the window has an attribute" in result.stderr
    assert "did you mean agent?" in run(*command, "--by", "agnet", "--home", home).stderr

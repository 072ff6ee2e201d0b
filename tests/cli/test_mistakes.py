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


def test_no_command_shows_the_help(run: Run) -> None:
    assert "Commands:" in run().output


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

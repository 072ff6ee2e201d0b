"""The real command line in this process, and homes with something in them."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from typer import testing
from typer.main import get_command
from typer.testing import CliRunner, Result

import agentgauge
from agentgauge.cli.app import app

DAY = datetime(2026, 3, 2, 10, tzinfo=UTC)
Run = Callable[..., Result]
_command_of = functools.cache(get_command)
"""As in a program, which puts its fifty commands together once; typer's runner would for each that it runs."""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command as a reader in UTC at 120 columns."""
    monkeypatch.setattr(testing, "_get_command", _command_of)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setenv("COLUMNS", "120")
    return lambda *arguments, **more: CliRunner().invoke(app, [str(argument) for argument in arguments], **more)


@pytest.fixture
def document(run: Run) -> Callable[..., Any]:
    """Runs a command with --json and decodes all of its standard output."""

    def ask(*arguments: object, code: int = 0) -> Any:
        result = run(*arguments, "--json")
        assert result.exit_code == code, result.output
        return msgspec.json.decode(result.stdout)

    return ask


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two agents' work on one day: priced, unpriced and failed calls, a task, tools."""
    place = tmp_path / "home"
    with agentgauge.open(place, project="shop") as gauge:
        with gauge.scope(agent="coder", user="ada"):
            gauge.llm_call(
                "claude-opus-4-5", "anthropic", input_tokens=2_000_000, output_tokens=1000, cache_read_tokens=1_500_000,
                duration_ms=900, at=DAY,
            )  # fmt: skip
            gauge.tool_call("grep", duration_ms=30, at=DAY)
            gauge.tool_call("grep", duration_ms=50, success=False, at=DAY)
            gauge.task("turn", duration_ms=4000, at=DAY)
        with gauge.scope(agent="reviewer", user="bob"):
            gauge.llm_call("claude-opus-4-5", input_tokens=10, output_tokens=20, cost_usd="0.0012", at=DAY)
            gauge.llm_call(
                "in-house-7b",
                input_tokens=3000,
                output_tokens=500,
                success=False,
                at=DAY,
                attributes={"branch": "=main"},
            )
    return place


@pytest.fixture
def noon() -> datetime:
    """The hour that it is, in a zone where it is noon: no test runs into its midnight. `str(noon.tzinfo)` is its name.

    Names of these zones have the sign of what is to be added to get UTC.
    """
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    return now.astimezone(ZoneInfo(f"Etc/GMT{now.hour - 12:+d}"))

"""The command line as a process: start-up, exit codes, pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import agentgauge

COMMAND = (sys.executable, "-m", "agentgauge")


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from typer.testing import CliRunner\n"
        "from agentgauge.cli.app import app\n"
        "assert 'report' in CliRunner().invoke(app, ['--help']).stdout\n"
        "assert '--since' in CliRunner().invoke(app, ['report', '--help']).stdout\n"
        "heavy = {'duckdb', 'deltalake', 'sqlglot', 'genai_prices', 'rich', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_version_is_the_packages() -> None:
    shown = subprocess.run([*COMMAND, "--version"], check=True, capture_output=True, text=True)
    assert shown.stdout == f"{agentgauge.__version__}\n"


def test_a_reader_that_goes_away_is_no_error(home: Path) -> None:
    statement = "SELECT repeat('x', 1000) FROM range(10000)"
    for form in ("json", "csv"):
        command = [*COMMAND, "sql", "--home", str(home), "--format", form, statement]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.read(10)
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait() == 141


def test_ctrl_c_ends_with_130(home: Path) -> None:
    """A statement from a pipe that never ends waits; the signal is sent once it has begun to read.

    The process sets Ctrl-C as a terminal has it: a test run in the background inherits it ignored.
    """
    script = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from agentgauge.cli import main; main()"
    )
    command = [sys.executable, "-c", script, "sql", "--home", str(home), "-f", "/dev/stdin"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdin is not None
        # More than a pipe holds: writing returns only after the process has begun to read.
        os.write(process.stdin.fileno(), b" " * (1 << 16))
        os.write(process.stdin.fileno(), b" ")
        process.send_signal(signal.SIGINT)
        process.stdin.close()
        assert process.wait(timeout=60) == 130


def test_output_in_a_pipe_has_no_colour_and_is_not_cut(home: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    shown = subprocess.run(
        [*COMMAND, "sql", "--home", str(home), "SELECT repeat('y', 150) AS long"],
        check=True, capture_output=True, text=True, env=environment,
    )  # fmt: skip
    assert "y" * 150 in shown.stdout
    assert "\x1b" not in shown.stdout

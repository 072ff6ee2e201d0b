"""Without the [server] extra: commands that need its libraries say so in one line, and the others do without."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_WITHOUT = """
import sys
for name in (
    "fastapi", "uvicorn", "sqlalchemy", "apscheduler", "apprise", "grafana_foundation_sdk", "jinja2", "altair",
    "vl_convert", "typst",
):
    sys.modules[name] = None
"""
_POSTGRES = {"AGENTGAUGE_DATABASE_URL": "postgresql://nobody@localhost/none"}


def _without(home: Path, main: str, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", f"{_WITHOUT}{main}", *words]
    environ = {**os.environ, "AGENTGAUGE_HOME": str(home), **env}
    return subprocess.run(command, env=environ, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("words", "env"),
    [
        (("serve",), {}),
        (("jobs", "list"), {}),
        (("jobs", "run", "roll-up"), {}),
        (("jobs", "run", "notifications"), {}),
        (("alerts", "test-notification"), {"AGENTGAUGE_NOTIFY": "json://localhost"}),
        (("db", "status"), _POSTGRES),
        (("keys", "list"), _POSTGRES),
        (("export", "grafana"), {}),
        (("report", "--html", "report.html"), {}),
        (("report", "--pdf", "report.pdf"), {}),
    ],
    ids=lambda given: " ".join(given) if isinstance(given, tuple) else "",
)
def test_a_command_that_needs_it_says_how_to_install_it(
    tmp_path: Path, words: tuple[str, ...], env: dict[str, str]
) -> None:
    done = _without(tmp_path, "from agentgauge.cli import main; main()", *words, **env)
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "pip install 'agentgauge[server]'" in done.stderr


def test_the_process_of_the_jobs_says_how_to_install_it(tmp_path: Path) -> None:
    done = _without(tmp_path, "from agentgauge.service.jobs.__main__ import main; sys.exit(main())")
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "pip install 'agentgauge[server]'" in done.stderr


@pytest.mark.parametrize("words", [("db", "status"), ("keys", "list")], ids=" ".join)
def test_state_of_the_home_is_read_without_it(tmp_path: Path, words: tuple[str, ...]) -> None:
    assert "Traceback" not in _without(tmp_path, "from agentgauge.cli import main; main()", *words).stderr

"""Every example runs with recording switched off or kept from the disk, and then leaves nothing of ours behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = sorted((Path(__file__).parents[2] / "examples").glob("*.py"))
_THEIR_OWN = {"workspace"}
"""What an example makes for itself: the supervisor's repository."""


@pytest.mark.parametrize("switch", ["AGENTGAUGE_DISABLED=1", "ENABLE_METRICS_PERSISTENCE=false"])
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_it_runs_and_writes_nothing(example: Path, switch: str, tmp_path: Path) -> None:
    name, _, value = switch.partition("=")
    environment = os.environ | {name: value, "AGENTGAUGE_HOME": str(tmp_path / "home")}
    done = subprocess.run(
        [sys.executable, str(example)],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= _THEIR_OWN

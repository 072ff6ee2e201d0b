"""The smoke test, as a newcomer runs it: a script in a process of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_the_smoke_test_passes() -> None:
    script = Path(__file__).with_name("smoke_test_metrics.py")
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr

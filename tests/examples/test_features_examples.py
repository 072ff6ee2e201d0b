"""The examples of features run as programs and print what they say."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def printed(example: str) -> str:
    command = [sys.executable, str(EXAMPLES / example)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def test_the_learning_engine_learns_and_says_how_well() -> None:
    shown = printed("learning_engine.py")
    assert re.search(r"Accuracy over 3 lessons: (\d+)%\nSuccess rate: \1% of 150 uses\n", shown)
    assert "Average satisfaction: 0.75" in shown
    assert '"count": 150' in shown


def test_the_optimization_says_what_it_brought_and_how_sure_that_is() -> None:
    shown = printed("optimization.py")
    found = re.search(
        r"task_completion_time of 8 tasks: (\d+)% less\nbetween (\d+)% and (\d+)%, with 95 % confidence", shown
    )
    assert found is not None, shown
    value, low, high = map(int, found.groups())
    assert low <= value <= high
    assert "0 thresholds are exceeded" in shown

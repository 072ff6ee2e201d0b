"""The comparison of models runs as a program, and what it says is what its dice were made to do."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "compare_models.py"


def test_it_says_which_model_is_best_and_what_is_not_known(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "report.html"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    shown = done.stdout
    assert re.search(r"claude-sonnet-4-5 against gpt-4o: better \(p = 0\.0\d\d, exact McNemar", shown)
    assert "gpt-4o against our-own-7b: no difference shown" in shown
    assert "a resolved issue with our-own-7b costs: unknown" in shown
    assert "best: claude-sonnet-4-5" in shown
    assert "Cost does not count: it is not known of 1 configuration (our-own-7b)." in shown
    assert "claude-sonnet-4-5" in (tmp_path / "report.html").read_text(encoding="utf-8")

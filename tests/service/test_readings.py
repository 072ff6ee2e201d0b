"""Readings are what questions are answered from, and know none of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from agentgauge.service import readings

_EACH_BY_ITSELF = """
import importlib, sys
for name in sys.argv[1:]:
    for loaded in [module for module in sys.modules if module.startswith("agentgauge")]:
        del sys.modules[loaded]
    importlib.import_module(f"agentgauge.service.readings.{name}")
    assert "agentgauge.service.reports" not in sys.modules, name
"""


def test_each_can_be_imported_first_and_without_any_question() -> None:
    (place,) = readings.__path__
    names = sorted(path.stem for path in Path(place).glob("[a-z]*.py"))
    done = subprocess.run([sys.executable, "-c", _EACH_BY_ITSELF, *names], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr, len(names) > 5) == (0, "", True)

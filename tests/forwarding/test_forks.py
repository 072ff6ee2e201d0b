"""A program that ships may fork at any time: what its threads do then, they never end in the child."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.forwarding.shipping import NOBODY, environment, segments
from tests.servers.serving import served

_PROGRAM = """
import sys, threading
import agentgauge

imported = []

class Watch:
    def find_spec(self, name, path=None, target=None):
        if threading.current_thread() is not threading.main_thread():
            imported.append(name)

gauge = agentgauge.open(sys.argv[1])
sys.meta_path.insert(0, Watch())
gauge.task("a task")
gauge.close()
print(*imported)
"""


def _imported_by_threads(home: Path, url: str) -> list[str]:
    program = [sys.executable, "-c", _PROGRAM, str(home)]
    done = subprocess.run(program, env=environment(url), check=True, capture_output=True, text=True, timeout=120)
    return done.stdout.split()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_the_thread_that_ships_imports_nothing(tmp_path: Path, host: str) -> None:
    """A module that it was importing could never be imported by a child, which would wait for it for ever."""
    home = tmp_path / "agent"
    with served(tmp_path / "server", "--no-jobs") as server:
        assert _imported_by_threads(home, server.url.replace("127.0.0.1", host)) == []
    assert segments(home) == []


def test_it_imports_nothing_to_say_that_the_server_is_away(tmp_path: Path) -> None:
    assert _imported_by_threads(tmp_path / "agent", NOBODY) == []
